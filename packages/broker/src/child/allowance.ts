import { performance } from 'node:perf_hooks';

/** A token bucket: `burst` tokens at once, and then one every `interval` ms. */
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

  /** @returns false if there is no token. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#countedAt) / this.#interval);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
