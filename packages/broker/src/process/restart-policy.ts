import type { RestartOptions } from '../options/options.js';
import type { Resolved } from '../options/resolve.js';

/** Decides whether, and after what pause, a process that ended is replaced. */
export class RestartPolicy {
  readonly #options: Resolved<RestartOptions>;
  /** When the restarts in a row happened, as `performance.now()` tells it. */
  #restarts: number[] = [];

  constructor(options: Resolved<RestartOptions>) {
    this.#options = options;
  }

  /** A process has done its work: what went before is forgiven. */
  forgive(): void {
    if (this.#restarts.length > 0) this.#restarts = [];
  }

  /**
   * Counts one more restart.
   * @returns The pause before it, in ms; `undefined` where there have been too many.
   */
  next(): number | undefined {
    const { limit, within, minDelay, maxDelay } = this.#options;
    const now = performance.now();
    this.#restarts = this.#restarts.filter((time) => now - time <= within);
    if (this.#restarts.length >= limit) return undefined;
    const exponential = minDelay * 2 ** this.#restarts.length;
    this.#restarts.push(now);
    // Between a half and the whole of it, so that many brokers do not come back all at once.
    return Math.min(maxDelay, exponential) * (0.5 + Math.random() / 2);
  }
}
