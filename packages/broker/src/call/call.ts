import type { CallProgress } from './progress.js';

/**
 * The state of a call. The last three are final.
 *
 * - `queued`: it waits, or was sent ahead to a process that has not started it
 * - `running`: a process runs it
 * - `succeeded`, `failed`, `cancelled`: it has settled
 */
export type CallState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One call, as `submit` and `get` return it. */
export interface Call<T = unknown> {
  /** The key that was given, or a random UUID. */
  readonly key: string;
  /** The method that is called. */
  readonly method: string;
  /** The state of the call now. */
  readonly state: CallState;
  /**
   * Resolves to the method's result, or rejects with the reason for its absence. A rejection that the program ignores
   * is not an unhandled rejection, since `state` tells of the failure too.
   */
  readonly result: Promise<T>;
  /** The values that the pipeline reports by `currentCall().progress(value)`. */
  readonly progress: CallProgress;
  /**
   * Number of calls that start before this one: those of higher priority, and those of the same priority that were
   * submitted earlier. 0 if it is the next one, and if it is not queued. It grows when a call of higher priority comes.
   * Calls of an affinity, and calls that make batches, may start earlier or later than it says.
   */
  readonly position: number;
  /** When the call was submitted. */
  readonly queuedAt: Date;
  /** When its last run started; `undefined` before that, and if it never started. */
  readonly startedAt: Date | undefined;
  /** When it settled; `undefined` before that. */
  readonly finishedAt: Date | undefined;
  /**
   * Ends the call for every caller who shares it. `result` rejects at once with `CallCancelledError`. A queued call is
   * dropped; if the call runs, its `currentCall().signal` is aborted and its result is dropped.
   * @param reason Becomes the error's `cause`.
   * @returns false if the call had settled before.
   */
  cancel(reason?: unknown): boolean;
}
