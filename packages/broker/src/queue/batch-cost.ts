/** Weight of the newest batch. */
const WEIGHT = 0.1;
/** Sizes that vary less than this, as a variance, tell nothing of what one more call costs. */
const LEAST_VARIANCE = 0.1;

/**
 * Learns what a batch of n calls costs, as a + b · n ms: a linear regression in which older batches count ever less.
 * Means, variance and covariance with exponential weights are updated as in T. Finch, "Incremental calculation of
 * weighted mean and variance", 2009, section 9.
 */
export class BatchCost {
  #size: number | undefined;
  #ms = 0;
  #variance = 0;
  #covariance = 0;

  add(size: number, ms: number): void {
    if (this.#size === undefined) {
      this.#size = size;
      this.#ms = ms;
      return;
    }
    const sizeOff = size - this.#size;
    const msOff = ms - this.#ms;
    this.#size += WEIGHT * sizeOff;
    this.#ms += WEIGHT * msOff;
    this.#variance = (1 - WEIGHT) * (this.#variance + WEIGHT * sizeOff * sizeOff);
    this.#covariance = (1 - WEIGHT) * (this.#covariance + WEIGHT * sizeOff * msOff);
  }

  /** What a batch costs whatever its size (a), in ms; `undefined` before the first batch. */
  get fixed(): number | undefined {
    if (this.#size === undefined) return undefined;
    const perCall = this.#variance < LEAST_VARIANCE ? 0 : Math.max(0, this.#covariance / this.#variance);
    return Math.max(0, this.#ms - perCall * this.#size);
  }
}
