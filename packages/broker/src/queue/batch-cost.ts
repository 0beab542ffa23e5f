import { MovingMean } from './moving-mean.js';

/** Weight of the newest batch. */
const WEIGHT = 0.1;
/** If the variance of the sizes is below this, they say nothing about the cost of one more call. */
const LEAST_VARIANCE = 0.1;

/**
 * Learns the cost of a batch of n calls as a + b · n ms, by a linear regression in which older batches count less and
 * less. Variance and covariance with exponential weights are updated as in T. Finch, "Incremental calculation of
 * weighted mean and variance", 2009, section 9.
 */
export class BatchCost {
  readonly #size = new MovingMean(WEIGHT);
  readonly #ms = new MovingMean(WEIGHT);
  #variance = 0;
  #covariance = 0;

  add(size: number, ms: number): void {
    const sizeOff = this.#size.add(size);
    const msOff = this.#ms.add(ms);
    if (sizeOff === undefined || msOff === undefined) return;
    this.#variance = (1 - WEIGHT) * (this.#variance + WEIGHT * sizeOff * sizeOff);
    this.#covariance = (1 - WEIGHT) * (this.#covariance + WEIGHT * sizeOff * msOff);
  }

  /** The part of a batch's cost that does not depend on its size (a), in ms; `undefined` before the first batch. */
  get fixed(): number | undefined {
    const [size, ms] = [this.#size.value, this.#ms.value];
    if (size === undefined || ms === undefined) return undefined;
    const perCall = this.#variance < LEAST_VARIANCE ? 0 : Math.max(0, this.#covariance / this.#variance);
    return Math.max(0, ms - perCall * size);
  }
}
