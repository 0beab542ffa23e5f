import { MovingMean } from './moving-mean.js';

/** How long calls run, by method. */
export class MethodTimes {
  readonly #weight: number;
  readonly #means = new Map<string, MovingMean>();

  /** @param weight Of the newest time, from 0 to 1. */
  constructor(weight: number) {
    this.#weight = weight;
  }

  /** How long a call of the method is expected to run, in ms; `undefined` before one has succeeded. */
  expected(method: string): number | undefined {
    return this.#means.get(method)?.value;
  }

  /** A call of the method has succeeded. So the pipeline has it: callers cannot make the table grow by other names. */
  succeeded(method: string, ms: number): void {
    let mean = this.#means.get(method);
    if (mean === undefined) {
      mean = new MovingMean(this.#weight);
      this.#means.set(method, mean);
    }
    mean.add(ms);
  }
}
