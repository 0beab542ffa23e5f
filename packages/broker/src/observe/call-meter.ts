import type { CallState } from '../call/call.js';
import { Durations, type DurationSummary } from './durations.js';

/** The counts and times of all calls of a broker. */
export interface CallStats {
  /**
   * Number of calls by state: `queued` and `running` now, the others since the broker was made. `refused` counts calls
   * that were not accepted, because the queue was full or the call was invalid. Callers who share a key count once.
   */
  readonly calls: Readonly<Record<CallState | 'refused', number>>;
  /** How long calls waited until they started, or until they settled without starting. */
  readonly waitingTime: DurationSummary;
  /** How long calls ran until they settled, or until their process died. */
  readonly runningTime: DurationSummary;
}

/** Counts calls by state, and measures how long they wait and run. */
export class CallMeter {
  readonly #calls = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, refused: 0 };
  readonly #waitingTime = new Durations();
  readonly #runningTime = new Durations();

  get stats(): CallStats {
    return {
      calls: { ...this.#calls },
      waitingTime: this.#waitingTime.summary,
      runningTime: this.#runningTime.summary,
    };
  }

  accepted(): void {
    this.#calls.queued += 1;
  }

  refused(): void {
    this.#calls.refused += 1;
  }

  /** A call has left a state, after `ms` in it. */
  moved(from: CallState, to: CallState, ms: number): void {
    this.#calls[from] -= 1;
    this.#calls[to] += 1;
    (from === 'queued' ? this.#waitingTime : this.#runningTime).add(ms);
  }
}
