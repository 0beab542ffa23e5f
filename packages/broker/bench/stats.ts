/**
 * The middle value, or the mean of the two middle values if their number is even.
 * @throws {RangeError} When `values` is empty.
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('a median needs at least one value');
  return (low + high) / 2;
}

/** The measurements of one contender's turn at one task. */
export interface Turn {
  /** Time per call in µs: the median if calls run one at a time, otherwise elapsed time divided by calls. */
  readonly time: number;
  readonly calls: number;
  /** CPU time of both ends during the turn, in µs. */
  readonly cpu: number;
  /** Delay of the parent's event loop in ms, 99th percentile. `undefined` if the task does not watch it. */
  readonly loopDelay: number | undefined;
}

/** One contender's figures for one task. */
export interface Summary {
  readonly turns: number;
  /** Median over turns, in µs per call. */
  readonly time: number;
  /** The fastest turn, in µs per call. */
  readonly best: number;
  /** CPU time of both ends in µs per call: total CPU time divided by the number of calls of all turns. */
  readonly cpu: number;
  /** Median over turns, in ms. `undefined` if the task does not watch the event loop. */
  readonly loopDelay: number | undefined;
}

/** @param turns At least one turn. */
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
