/** An exponentially weighted moving mean. */
export class MovingMean {
  readonly #weight: number;
  #value: number | undefined;

  /** @param weight Of the newest value, from 0 to 1. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  /** `undefined` before the first value. */
  get value(): number | undefined {
    return this.#value;
  }

  /** @returns How far the new value was from the mean before it; `undefined` for the first one. */
  add(value: number): number | undefined {
    const deviation = this.#value === undefined ? undefined : value - this.#value;
    this.#value = this.#value === undefined ? value : this.#value + this.#weight * (value - this.#value);
    return deviation;
  }
}
