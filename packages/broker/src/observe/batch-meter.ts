import type { DepartureReason } from '../queue/departure.js';

/** What batches of one method have left so far. */
export interface BatchStats {
  /** How many. */
  readonly count: number;
  /** How many calls in all of them. */
  readonly calls: number;
  /**
   * How many left since they were `full`; since they had waited as long as they may (`delay`); or since more calls
   * were not to be expected in time (`idle`).
   */
  readonly reasons: Readonly<Record<DepartureReason, number>>;
  /** How many had at most so many calls, and more than the entry before says: 1, 2, 4, 8 and so on. */
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
  /** At index i those of at most 2 ** i calls. */
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
