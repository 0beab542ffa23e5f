import type { DepartureReason } from '../queue/departure.js';

/** The batches of one method that have left so far. */
export interface BatchStats {
  /** Number of batches. */
  readonly count: number;
  /** Number of calls in all of them. */
  readonly calls: number;
  /**
   * Number of batches by the reason for which they left: they were `full`; they had waited for `maxDelay` (`delay`); or
   * waiting would not have paid (`idle`).
   */
  readonly reasons: Readonly<Record<DepartureReason, number>>;
  /** Number of batches by size: at most `upTo` calls, and more than the entry before. `upTo` is 1, 2, 4, 8 and so on. */
  readonly sizes: readonly { readonly upTo: number; readonly count: number }[];
}

/** Counts batches, in constant memory. */
export class BatchMeter {
  readonly #methods = new Map<string, MethodMeter>();

  /** By method. */
  get stats(): Record<string, BatchStats> {
    return Object.fromEntries([...this.#methods].map(([method, meter]) => [method, meter.stats]));
  }

  left(method: string, size: number, reason: DepartureReason): void {
    let meter = this.#methods.get(method);
    if (meter === undefined) {
      meter = new MethodMeter();
      this.#methods.set(method, meter);
    }
    meter.left(size, reason);
  }
}

class MethodMeter {
  #count = 0;
  #calls = 0;
  readonly #reasons = { full: 0, delay: 0, idle: 0 };
  /** At index i, the batches of at most 2 ** i calls. */
  readonly #sizes: number[] = [];

  get stats(): BatchStats {
    const sizes = this.#sizes.map((count, i) => ({ upTo: 2 ** i, count }));
    return { count: this.#count, calls: this.#calls, reasons: { ...this.#reasons }, sizes };
  }

  left(size: number, reason: DepartureReason): void {
    this.#count += 1;
    this.#calls += size;
    this.#reasons[reason] += 1;
    const index = Math.ceil(Math.log2(size));
    while (this.#sizes.length <= index) this.#sizes.push(0);
    this.#sizes[index] = (this.#sizes[index] ?? 0) + 1;
  }
}
