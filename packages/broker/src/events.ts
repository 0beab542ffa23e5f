import type { OutputInfo } from './options.js';
import type { ProcessExit } from './process/exit.js';

/**
 * - `idle`: nothing started yet
 * - `starting`: the first process is being brought up
 * - `ready`: calls are being taken and run
 * - `restarting`: calls are being taken; the process that will run them is being brought up
 * - `failed`: given up; `start()` tries again
 * - `draining`: closing, calls are still running
 * - `closed`: no process is left
 */
export type BrokerState = 'idle' | 'starting' | 'ready' | 'restarting' | 'failed' | 'draining' | 'closed';

/** Events of a broker and what their listeners are given. */
export interface BrokerEvents {
  /** The state has changed. */
  state: [state: BrokerState, previous: BrokerState];
  /** A child process has been spawned. */
  spawn: [info: { pid: number }];
  /** A child process has ended. */
  exit: [exit: ProcessExit];
  /** A child has written a line. */
  output: [line: string, info: OutputInfo];
}
