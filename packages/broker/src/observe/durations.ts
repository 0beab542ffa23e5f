import { createHistogram } from 'node:perf_hooks';

/** A summary of durations, in ms, exact to 1 %. */
export interface DurationSummary {
  /** Number of durations. All other fields are `undefined` before the first. */
  readonly count: number;
  /** Arithmetic mean, in ms. */
  readonly mean: number | undefined;
  /** Median, in ms: half of the durations were no longer than this. */
  readonly p50: number | undefined;
  /** 90th percentile, in ms. */
  readonly p90: number | undefined;
  /** 99th percentile, in ms. */
  readonly p99: number | undefined;
  /** The longest, in ms. */
  readonly max: number | undefined;
}

/** Nine years, in µs. A longer duration counts as this. */
const LONGEST = 2 ** 48 - 1;

/** Durations in an HDR histogram of whole µs, of constant size (43 KB). */
export class Durations {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST, figures: 2 });
  #sum = 0;
  #max = 0;

  add(ms: number): void {
    this.#histogram.record(Math.min(LONGEST, Math.max(1, Math.round(ms * 1_000))));
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  get summary(): DurationSummary {
    const { count } = this.#histogram;
    if (count === 0)
      return { count, mean: undefined, p50: undefined, p90: undefined, p99: undefined, max: undefined };
    const percentile = (percent: number): number =>
      Math.min(this.#max, this.#histogram.percentile(percent) / 1_000);
    const [p50, p90, p99] = [percentile(50), percentile(90), percentile(99)];
    return { count, mean: this.#sum / count, p50, p90, p99, max: this.#max };
  }
}
