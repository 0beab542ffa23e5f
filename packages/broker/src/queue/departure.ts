import type { PendingCall } from '../call/call.js';

/** Why a batch left: it was `full`, it had waited as long as it may (`delay`), or waiting would not have paid (`idle`). */
export type DepartureReason = 'full' | 'delay' | 'idle';

/** What goes to a process next. */
export interface Departure {
  readonly calls: readonly PendingCall[];
  /** Set where they make a batch. */
  readonly batch: BatchDeparture | undefined;
}

export interface BatchDeparture {
  /** The method that was called, */
  readonly of: string;
  /** and the one that runs the batch. */
  readonly method: string;
  readonly reason: DepartureReason;
}
