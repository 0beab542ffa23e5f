import type { SharedMemoryStats } from '../channel/shared/broker-memory.js';
import type { Traffic } from '../channel/traffic.js';

/**
 * The state of a child process.
 *
 * - `spawning`: it is being made
 * - `constructing`: it loads the module and constructs the pipeline
 * - `idle`, `busy`: it has no call, or at least one
 * - `suspended`: it shows no sign of life, for example after SIGSTOP, or on an overloaded machine
 * - `stopping`: it finishes its calls and cleans up, or is being killed
 * - `exited`: it is gone
 */
export type ProcessState =
  'spawning' | 'constructing' | 'idle' | 'busy' | 'suspended' | 'stopping' | 'exited';

/** One child process, as `stats()` shows it. */
export interface ProcessStats {
  /** Index of the process, from 0. Its replacement has the same. */
  readonly index: number;
  /** `undefined` if it could not be spawned. */
  readonly pid: number | undefined;
  /** State of the process now. */
  readonly state: ProcessState;
  /** Number of calls that it has answered. */
  readonly calls: number;
  /** Its resident memory, in bytes; `undefined` before its first report. */
  readonly rss: number | undefined;
  /** Bytes that it was sent and has sent: calls and their answers, in the pipes and in shared memory. */
  readonly bytes: Traffic;
  /** The memory that it shares with the broker; `undefined` while everything goes through the pipes. */
  readonly sharedMemory: SharedMemoryStats | undefined;
  /** When it was spawned. */
  readonly spawnedAt: Date;
}
