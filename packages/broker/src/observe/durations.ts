import { createHistogram } from 'node:perf_hooks';

/** How long something took each time, summed up. Times in ms, exact to 1 %. */
export interface DurationSummary {
  /** How many times were measured. */
  readonly count: number;
  /** All others are `undefined` before the first. */
  readonly mean: number | undefined;
  /** Half of the times were no longer than this. */
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
}

/** Durations, in a histogram of constant size (48 KB). */
export class Durations {
  /** In µs; Node's histogram holds whole numbers from 1. */
  readonly #histogram = createHistogram({ figures: 2 });

  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1_000)));
  }

  get summary(): DurationSummary {
    const { count } = this.#histogram;
    if (count === 0)
      return { count, mean: undefined, p50: undefined, p90: undefined, p99: undefined, max: undefined };
    const percentile = (percent: number): number => this.#histogram.percentile(percent) / 1_000;
    return {
      count,
      mean: this.#histogram.mean / 1_000,
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      max: this.#histogram.max / 1_000,
    };
  }
}
