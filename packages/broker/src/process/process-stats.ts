import type { Outcome, PendingCall } from '../call/call.js';
import type { Traffic } from '../channel/channel.js';
import type { Payload } from '../channel/frame.js';
import type { SharedMemoryStats } from '../channel/shared/broker-memory.js';
import type { OutputInfo } from '../options/options.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { ProcessExit } from './exit.js';
import type { SpawnOptions } from './spawn.js';

/** `suspended`: it gives no sign of life, as after SIGSTOP, or where the machine is far too busy. */
export type ProcessState =
  'spawning' | 'constructing' | 'idle' | 'busy' | 'suspended' | 'stopping' | 'exited';

/** One child process, as `stats()` shows it. */
export interface ProcessStats {
  /** Which of the broker's processes, from 0. The one that takes its place has the same. */
  readonly index: number;
  /** `undefined` where it could not be spawned. */
  readonly pid: number | undefined;
  readonly state: ProcessState;
  /** Calls it has answered. */
  readonly calls: number;
  /** Its resident memory, in bytes; `undefined` before it first told. */
  readonly rss: number | undefined;
  /** Bytes it was sent, and those it sent: calls and their answers, in the pipes and in shared memory. */
  readonly bytes: Traffic;
  /** The memory it shares with the broker; `undefined` while, or where, all goes through the pipes. */
  readonly sharedMemory: SharedMemoryStats | undefined;
  /** When it was spawned. */
  readonly spawnedAt: Date;
}

/** What is sent to a process to be run together. */
export interface Shipment {
  readonly calls: readonly PendingCall[];
  /** The method that runs them as a batch; `undefined` for one call that is run by itself. */
  readonly batchMethod: string | undefined;
}

/** How an answered call ran. */
export interface RunInfo {
  /** How long, in ms. */
  readonly ms: number;
  /** When it was answered, as `performance.now()` tells it. */
  readonly now: number;
  /** How many calls ran with it, as one batch, itself included. */
  readonly size: number;
  /** Whether all of those have been answered now. */
  readonly complete: boolean;
}

export interface ProcessListener {
  spawned(pid: number): void;
  /** The pipeline is constructed. */
  ready(): void;
  /** The call runs now, which is `now` as `performance.now()` tells it. */
  started(call: PendingCall, now: number): void;
  /** The child has answered. */
  answered(call: PendingCall, outcome: Outcome, run: RunInfo): void;
  /** A call that was abandoned did not even start: there is room for another. */
  dropped(): void;
  /** The process has told how much memory it has. */
  beat(): void;
  /** The process is gone, with these calls unanswered, in the order they were sent. */
  exited(exit: ProcessExit, lost: readonly LostCall[]): void;
  output(line: string, info: OutputInfo): void;
}

export interface LostCall {
  readonly call: PendingCall;
  /** Whether it may have run. */
  readonly started: boolean;
}

export interface ProcessOptions
  extends
    Omit<SpawnOptions, 'memory'>,
    Pick<
      ResolvedOptions,
      'concurrency' | 'maxMessageBytes' | 'startTimeout' | 'recycle' | 'output' | 'sharedMemory'
    > {
  readonly index: number;
  /** The first message. */
  readonly init: Payload;
  readonly listener: ProcessListener;
  /** Whether anybody wants single lines of output. */
  readonly wantsLines: () => boolean;
}
