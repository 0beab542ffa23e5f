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

/** Each doubling of a time is divided into so many buckets, so that a bucket is at most 0.8 % wide. */
const PER_DOUBLING = 128;
const DOUBLINGS = 40;
/** Nine years, in µs: longer times count as that long. */
const LONGEST = 2 ** (DOUBLINGS + 8) - 1;

/**
 * Durations, in a histogram of constant size (43 KB): whole µs, in buckets that grow with the time, as those of an HDR
 * histogram do. Not in Node's own: to record a time there is a call of native code, and takes longer than all else that
 * is counted of a call.
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

  /** @param percents Ascending. */
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

/** @param time In whole µs. Those below twice `PER_DOUBLING` have a bucket each. */
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
