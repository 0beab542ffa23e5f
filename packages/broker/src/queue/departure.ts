import type { PendingCall } from '../call/pending-call.js';

/** Why a batch left: it was `full`; it had waited for `maxDelay` (`delay`); or waiting would not have paid (`idle`). */
export type DepartureReason = 'full' | 'delay' | 'idle';

/** The calls that go to a process next. */
export interface Departure {
  readonly calls: readonly PendingCall[];
  /** Set if they make a batch. */
  readonly batch: BatchDeparture | undefined;
}

export interface BatchDeparture {
  /** The method that was called. */
  readonly of: string;
  /** The method that runs the batch. */
  readonly method: string;
  readonly reason: DepartureReason;
}
