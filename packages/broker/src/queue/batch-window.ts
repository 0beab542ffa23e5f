import type { PendingCall } from '../call/call.js';
import type { ResolvedBatch } from '../options/resolve.js';
import { BatchCost } from './batch-cost.js';

/** Weight of the newest arrival in the mean of the gaps between two. */
const WEIGHT = 0.1;
/** A gap of so many times the mean is taken for the end of a burst. */
const PATIENCE = 3;

/**
 * Decides how long a batch that could leave waits for more calls.
 *
 * With a `maxDelay` in ms, that long. With `'auto'`, only while that pays. A batch of n calls costs a + b · n. To wait
 * a time e for one more call delays the n that are there, and the process, by e each; it saves the fixed cost a of a
 * run, which the newcomer, and all who come after, would have to wait for. So it waits while (n + 1) · e < a, where a is
 * learned from the batches (`BatchCost`), and e is the mean gap between two arrivals. Gaps longer than a count as a:
 * nobody would wait for those. So a lone caller, whose calls are at least a run apart, never waits.
 */
export class BatchWindow {
  readonly #batch: ResolvedBatch;
  readonly #cost = new BatchCost();
  #gap: number | undefined;
  #lastArrival: number | undefined;

  constructor(batch: ResolvedBatch) {
    this.#batch = batch;
  }

  get batch(): ResolvedBatch {
    return this.#batch;
  }

  /** A call has come, at a time as `performance.now()` tells it. */
  arrived(now: number): void {
    const gap = Math.min(now - (this.#lastArrival ?? -Infinity), this.#cost.fixed ?? Infinity);
    this.#lastArrival = now;
    if (gap === Infinity) return;
    this.#gap = this.#gap === undefined ? gap : this.#gap + WEIGHT * (gap - this.#gap);
  }

  /** A batch has run for so many ms. */
  ran(size: number, ms: number): void {
    this.#cost.add(size, ms);
  }

  /**
   * Until when these calls, which make no full batch, are to wait for more.
   * @param lastArrival When the last of them came.
   * @returns A time as `performance.now()` tells it; `undefined` where nothing is worth waiting for.
   */
  until(calls: readonly PendingCall[], lastArrival: number): number | undefined {
    const { maxDelay } = this.#batch;
    // A call that may not wait long in all shall not spend more than half of that on waiting for company.
    const latest = calls.map(
      ({ submittedAt, options: { queueTimeout } }) =>
        submittedAt + Math.min(queueTimeout / 2, maxDelay === 'auto' ? Infinity : maxDelay),
    );
    if (maxDelay !== 'auto') return Math.min(...latest);
    const patience = this.#patience(calls.length);
    return patience === undefined ? undefined : Math.min(...latest, lastArrival + patience);
  }

  /** How long to wait for one more call, in ms; `undefined` where that does not pay. */
  #patience(size: number): number | undefined {
    const { fixed } = this.#cost;
    if (fixed === undefined || this.#gap === undefined || (size + 1) * this.#gap >= fixed) return undefined;
    return Math.min(PATIENCE * this.#gap, fixed / (size + 1));
  }
}
