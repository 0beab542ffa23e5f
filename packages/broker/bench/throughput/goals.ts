import { threeDigits } from '../report/format.js';
import type { Outcome } from './outcome.js';

/** A goal, with the figure that the run reached. */
export interface Goal {
  readonly title: string;
  readonly value: number;
  readonly bound: '≥' | '≤';
  readonly limit: number;
  readonly unit: '×' | ' %';
}

/**
 * All goals, with the figures of this run.
 * @throws {RangeError} When batching was not measured.
 */
export function goalsOf({ batching, processes, streaming, statistics }: Outcome): Goal[] {
  const [alone, crowd] = [batching[0], batching.at(-1)];
  if (alone === undefined || crowd === undefined) throw new RangeError('batching was not measured');
  const { recording, rate, watchedRate } = statistics;
  return [
    {
      title: `calls/s of ${crowd.clients} clients with batches, relative to no batches`,
      value: crowd.batched.rate / crowd.single.rate,
      bound: '≥',
      limit: 10,
      unit: '×',
    },
    {
      title: "latency of 1 client with batches (`maxDelay: 'auto'`), relative to no batches",
      value: alone.batched.latency / alone.single.latency,
      bound: '≤',
      limit: 1.05,
      unit: '×',
    },
    {
      title: 'calls/s of two processes, relative to one',
      value: processes.two / processes.one,
      bound: '≥',
      limit: 1.8,
      unit: '×',
    },
    {
      title: 'rate of streamed 1 KB chunks, relative to a file read through a pipe',
      value: streaming.stream / streaming.pipe,
      bound: '≥',
      limit: 0.5,
      unit: '×',
    },
    {
      title: 'counting and timing, as a share of the time of a small call, 64 in flight',
      value: (100 * recording * rate) / 1e6,
      bound: '≤',
      limit: 3,
      unit: ' %',
    },
    {
      title: 'loss of calls/s if `stats()` is called 100 times per second',
      value: Math.max(0, 100 * (1 - watchedRate / rate)),
      bound: '≤',
      limit: 3,
      unit: ' %',
    },
  ];
}

function reached({ value, bound, limit }: Goal): boolean {
  return bound === '≥' ? value >= limit : value <= limit;
}

/** One line per goal: `reached` or `missed`, with the figures. */
export function judge(outcome: Outcome): string[] {
  return goalsOf(outcome).map((goal) => {
    const { title, value, bound, limit, unit } = goal;
    return `${reached(goal) ? 'reached' : 'missed'}: ${title}: ${threeDigits(value)}${unit} (${bound} ${limit}${unit})`;
  });
}
