/** Weight of the newest measurement in the moving mean. */
const WEIGHT = 0.2;

/** The measured time that a call runs: an exponentially weighted moving mean, in ms. */
export class ServiceTime {
  #mean: number | undefined;

  /** `undefined` before the first call has finished. */
  get mean(): number | undefined {
    return this.#mean;
  }

  add(ms: number): void {
    this.#mean = this.#mean === undefined ? ms : this.#mean + WEIGHT * (ms - this.#mean);
  }
}
