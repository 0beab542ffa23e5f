import type { PendingCall } from '../call/pending-call.js';
import type { ResolvedBatch } from '../options/resolve.js';
import { BatchCost } from './batch-cost.js';
import { MovingMean } from './moving-mean.js';

/** Weight of the newest gap between two arrivals. */
const WEIGHT = 0.1;
/** A gap of this many mean gaps counts as the end of a burst. */
const PATIENCE = 3;

/**
 * Decides how long a batch that could leave waits for more calls.
 *
 * A `maxDelay` in ms is that time. With `'auto'` the batch waits only while waiting pays. A batch of n calls costs
 * a + b · n ms (`BatchCost`). Waiting for one more call takes the mean gap e between two arrivals. It delays the n calls
 * and the process by e each, and saves the fixed cost a of another run. So the batch waits while (n + 1) · e < a.
 *
 * A gap longer than a counts as a, since nobody would wait that long. So a lone caller, whose calls are at least one run
 * apart, never waits.
 */
export class BatchWindow {
  readonly #batch: ResolvedBatch;
  readonly #cost = new BatchCost();
  /** Between two arrivals, in ms. */
  readonly #gap = new MovingMean(WEIGHT);
  #lastArrival: number | undefined;

  constructor(batch: ResolvedBatch) {
    this.#batch = batch;
  }

  get batch(): ResolvedBatch {
    return this.#batch;
  }

  /** @param now When a call came, by `performance.now()`. */
  arrived(now: number): void {
    const gap = Math.min(now - (this.#lastArrival ?? -Infinity), this.#cost.fixed ?? Infinity);
    this.#lastArrival = now;
    if (gap !== Infinity) this.#gap.add(gap);
  }

  /** A batch of `size` calls ran for `ms`. */
  ran(size: number, ms: number): void {
    this.#cost.add(size, ms);
  }

  /**
   * How long these calls, which do not fill a batch, wait for more.
   * @param lastArrival When the last of them came, by `performance.now()`.
   * @returns The end of the wait, by `performance.now()`; `undefined` if waiting does not pay.
   */
  until(calls: readonly PendingCall[], lastArrival: number): number | undefined {
    const { maxDelay } = this.#batch;
    // A call spends at most half of its queueTimeout on waiting for company.
    const latest = calls.map(
      ({ submittedAt, options: { queueTimeout } }) =>
        submittedAt + Math.min(queueTimeout / 2, maxDelay === 'auto' ? Infinity : maxDelay),
    );
    if (maxDelay !== 'auto') return Math.min(...latest);
    const patience = this.#patience(calls.length);
    return patience === undefined ? undefined : Math.min(...latest, lastArrival + patience);
  }

  /** How long to wait for one more call, in ms; `undefined` if that does not pay. */
  #patience(size: number): number | undefined {
    const { fixed } = this.#cost;
    const gap = this.#gap.value;
    if (fixed === undefined || gap === undefined || (size + 1) * gap >= fixed) return undefined;
    return Math.min(PATIENCE * gap, fixed / (size + 1));
  }
}
