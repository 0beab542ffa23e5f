import type { Traffic } from '../channel/channel.js';
import type { OutputInfo } from '../options/options.js';
import type { ProcessExit } from '../process/exit.js';
import type { ProcessStats } from '../process/process-stats.js';
import type { BatchStats } from './batch-meter.js';
import type { CallStats } from './call-meter.js';

/**
 * - `idle`: nothing started yet
 * - `starting`: the first process is being brought up
 * - `ready`: calls are being taken and run, by one process at least
 * - `restarting`: calls are being taken; a process that will run them is being brought up
 * - `failed`: every process is given up; `start()` tries again
 * - `draining`: closing, calls are still running
 * - `closed`: no process is left
 */
export type BrokerState = 'idle' | 'starting' | 'ready' | 'restarting' | 'failed' | 'draining' | 'closed';

/** What a broker is doing, at this moment, and what it has done. */
export interface BrokerStats extends CallStats {
  readonly state: BrokerState;
  readonly queue: {
    /** Calls that wait, and were not sent ahead to a process yet. */
    readonly length: number;
    /** Bytes of their arguments. */
    readonly bytes: number;
  };
  /** Mean time that calls have lately run, in ms; `undefined` before the first has. */
  readonly serviceTime: number | undefined;
  /** Of each method whose calls make batches, once one has left. */
  readonly batches: Readonly<Record<string, BatchStats>>;
  /** Processes spawned in place of others. */
  readonly restarts: number;
  /** Bytes that all processes, those that have ended too, were sent, and have sent. */
  readonly bytes: Traffic;
  /** The latest process of each index, once there was one. */
  readonly processes: readonly ProcessStats[];
}

/** Events of a broker and what their listeners are given. */
export interface BrokerEvents {
  /** The state has changed. */
  state: [state: BrokerState, previous: BrokerState];
  /** A child process has been spawned; `index` tells which of the broker's processes it is, from 0. */
  spawn: [info: { pid: number; index: number }];
  /** A child process has ended. */
  exit: [exit: ProcessExit];
  /** A child has written a line. */
  output: [line: string, info: OutputInfo];
}
