import type { ResolvedOptions } from '../options/resolve.js';

/** Decides whether a process that ended is replaced, and after which pause. */
export class RestartPolicy {
  readonly #options: ResolvedOptions['restart'];
  /** When the restarts in a row happened, by `performance.now()`. */
  #restarts: number[] = [];

  constructor(options: ResolvedOptions['restart']) {
    this.#options = options;
  }

  /** A process has answered a call, so the restarts before it no longer count. */
  forgive(): void {
    if (this.#restarts.length > 0) this.#restarts = [];
  }

  /**
   * Counts one more restart.
   * @returns The pause before it, in ms; `undefined` if the limit is reached.
   */
  next(): number | undefined {
    const { limit, within, minDelay, maxDelay } = this.#options;
    const now = performance.now();
    this.#restarts = this.#restarts.filter((time) => now - time <= within);
    if (this.#restarts.length >= limit) return undefined;
    const exponential = minDelay * 2 ** this.#restarts.length;
    this.#restarts.push(now);
    // Jitter between half and the whole pause: many brokers must not come back at the same time.
    return Math.min(maxDelay, exponential) * (0.5 + Math.random() / 2);
  }
}
