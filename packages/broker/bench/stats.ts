/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('there is no median of nothing');
  return (low + high) / 2;
}

/** One contender's turn at one task. */
export interface Turn {
  /** Time per call, in µs: the median where calls go one by one, else elapsed time over calls. */
  readonly time: number;
  readonly calls: number;
  /** CPU time of both ends during the turn, in µs. */
  readonly cpu: number;
  /** 99th percentile of how late the parent's event loop was, in ms; only where the task watches it. */
  readonly loopDelay: number | undefined;
}

/** One contender's figures for one task. */
export interface Summary {
  readonly turns: number;
  /** Median over turns, in µs per call. */
  readonly time: number;
  /** The quickest turn, in µs per call. */
  readonly best: number;
  /** CPU time of both ends, in µs per call: the sum of all turns over all calls. */
  readonly cpu: number;
  /** Median over turns, in ms. */
  readonly loopDelay: number | undefined;
}

/** @param turns At least one. */
export function summarize(turns: readonly Turn[]): Summary {
  const times = turns.map(({ time }) => time);
  const delays = turns.flatMap(({ loopDelay }) => loopDelay ?? []);
  return {
    turns: turns.length,
    time: median(times),
    best: Math.min(...times),
    cpu: sum(turns.map(({ cpu }) => cpu)) / sum(turns.map(({ calls }) => calls)),
    loopDelay: delays.length > 0 ? median(delays) : undefined,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
