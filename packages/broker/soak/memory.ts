/** How much the memory may have grown in the end. */
const TOLERANCE = 0.2;
/** The share of the run after which everything has been seen and compiled once. */
const WARM_UP = 0.2;
/** With fewer rounds, one of them would tell more than all the rest. */
const LEAST_ROUNDS = 20;

export interface MemoryVerdict {
  /** Resident memory after the warm-up and in the end, in bytes. */
  readonly start: number;
  readonly end: number;
  /** `undefined` where the run was too short to tell. */
  readonly passed: boolean | undefined;
}

/** Resident memory of this process, in bytes, after a collection where Node was started with `--expose-gc`. */
export function gcAndRss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** @param rss Resident memory after each round. */
export function memoryVerdict(rss: readonly number[]): MemoryVerdict {
  const warm = rss.slice(Math.floor(rss.length * WARM_UP));
  const some = Math.max(1, Math.floor(warm.length / 5));
  const start = median(warm.slice(0, some));
  const end = median(warm.slice(-some));
  return { start, end, passed: rss.length < LEAST_ROUNDS ? undefined : end <= start * (1 + TOLERANCE) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
