import type { Call } from '../call/call.js';
import type { Traffic } from '../channel/traffic.js';
import type { OutputInfo } from '../options/options.js';
import type { ProcessExit } from '../process/exit.js';
import type { ProcessStats } from '../process/process-stats.js';
import type { BatchStats } from './batch-meter.js';
import type { CallStats } from './call-meter.js';

/**
 * The state of a broker.
 *
 * - `idle`: nothing has started yet
 * - `starting`: the first process is being brought up
 * - `ready`: it takes calls, and at least one process runs them, or the next call starts one
 * - `restarting`: it takes calls, and a process that will run them is being brought up
 * - `failed`: every process was given up, so calls reject at once; `start()` tries again
 * - `draining`: it takes no more calls, and the unsettled ones finish
 * - `closed`: no process is left
 */
export type BrokerState = 'idle' | 'starting' | 'ready' | 'restarting' | 'failed' | 'draining' | 'closed';

/** Counts and measurements that every client of a pipeline has, now and since it was made. */
export interface ClientStats extends CallStats {
  /** State of the client now. */
  readonly state: BrokerState;
  /** The waiting calls, without those that were sent ahead to a process. */
  readonly queue: {
    /** Number of calls. */
    readonly length: number;
    /** Length of their arguments, in bytes. */
    readonly bytes: number;
  };
  /** Mean running time of recent calls, in ms; `undefined` before the first has run. */
  readonly serviceTime: number | undefined;
}

/** Counts and measurements of a broker, now and since it was made. */
export interface BrokerStats extends ClientStats {
  /** By method whose calls make batches, once a batch has left. */
  readonly batches: Readonly<Record<string, BatchStats>>;
  /** Number of processes that replaced another. */
  readonly restarts: number;
  /** Bytes sent to and received from all processes so far, those that have ended included. */
  readonly bytes: Traffic;
  /** The latest process of each index, once there was one. */
  readonly processes: readonly ProcessStats[];
}

/** Events that every client of a pipeline has, with the arguments of their listeners. */
export interface ClientEvents {
  /** The state has changed. */
  state: [state: BrokerState, previous: BrokerState];
  /** A call has settled, and its callers continue next. `call.state` tells how. `error` is the reason if it did not succeed. */
  settle: [call: Call, error: unknown];
}

/** Events of a broker, with the arguments of their listeners. */
export interface BrokerEvents extends ClientEvents {
  /** A child process was spawned. `index` counts the broker's processes, from 0. */
  spawn: [info: { pid: number; index: number }];
  /** A child process has ended. */
  exit: [exit: ProcessExit];
  /** A child has written a line. */
  output: [line: string, info: OutputInfo];
}
