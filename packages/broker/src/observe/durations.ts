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

/** Buckets for each doubling of a duration, so a bucket is at most 0.8 % wide. */
const PER_DOUBLING = 128;
const DOUBLINGS = 40;
/** Nine years, in µs. A longer duration counts as this. */
const LONGEST = 2 ** (DOUBLINGS + 8) - 1;

/**
 * A histogram of durations in whole µs, of constant size (43 KB). Its buckets grow with the duration, as in an HDR
 * histogram. Node's own histogram calls native code for each value: that takes longer than all other counting of a call.
 */
export class Durations {
  readonly #buckets = new Float64Array((DOUBLINGS + 2) * PER_DOUBLING);
  #count = 0;
  #sum = 0;
  #max = 0;

  add(ms: number): void {
    const bucket = bucketOf(Math.min(LONGEST, Math.round(ms * 1_000)));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  get summary(): DurationSummary {
    const count = this.#count;
    if (count === 0)
      return { count, mean: undefined, p50: undefined, p90: undefined, p99: undefined, max: undefined };
    const [p50, p90, p99] = this.#percentiles([50, 90, 99]);
    return { count, mean: this.#sum / count, p50, p90, p99, max: this.#max };
  }

  /** @param percents In ascending order. */
  #percentiles(percents: readonly number[]): number[] {
    let bucket = 0;
    let seen = this.#buckets[0] ?? 0;
    return percents.map((percent) => {
      const rank = Math.ceil((this.#count * percent) / 100);
      while (seen < rank && bucket < this.#buckets.length - 1) {
        bucket += 1;
        seen += this.#buckets[bucket] ?? 0;
      }
      return Math.min(this.#max, middleOf(bucket) / 1_000);
    });
  }
}

/** @param time In whole µs. Each time below twice `PER_DOUBLING` has a bucket of its own. */
function bucketOf(time: number): number {
  if (time < 2 * PER_DOUBLING) return time;
  if (time < 2 ** 32) {
    const shift = 24 - Math.clz32(time);
    return shift * PER_DOUBLING + (time >>> shift);
  }
  const shift = Math.floor(Math.log2(time)) - 7;
  return shift * PER_DOUBLING + Math.floor(time / 2 ** shift);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * PER_DOUBLING) return bucket;
  const shift = Math.floor(bucket / PER_DOUBLING) - 1;
  return (bucket - shift * PER_DOUBLING + 0.5) * 2 ** shift;
}
