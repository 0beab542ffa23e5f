/** Share by which the memory may grow. */
const TOLERANCE = 0.2;
/** Share of the rounds that are left out at the start. By then all code has run, and V8 has compiled it. */
const WARM_UP = 0.2;
/** With fewer rounds, a single one would decide the verdict. */
const LEAST_ROUNDS = 20;

export interface MemoryVerdict {
  /** Resident memory after the warm-up, in bytes. */
  readonly start: number;
  /** Resident memory at the end, in bytes. */
  readonly end: number;
  /** `undefined` if the run was too short to judge. */
  readonly passed: boolean | undefined;
}

/** Resident memory of this process in bytes. Collects garbage first if Node runs with `--expose-gc`. */
export function gcAndRss(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** @param rss Resident memory after each round, in bytes. */
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
