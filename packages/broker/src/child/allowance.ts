import { performance } from 'node:perf_hooks';

/** So many things may be done in a row, and another one every so many ms: a token bucket. */
export class Allowance {
  readonly #burst: number;
  readonly #interval: number;
  #left: number;
  #countedAt = performance.now();

  constructor({ burst, interval }: { readonly burst: number; readonly interval: number }) {
    this.#burst = burst;
    this.#interval = interval;
    this.#left = burst;
  }

  /** @returns Whether it may be done now. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#countedAt) / this.#interval);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
