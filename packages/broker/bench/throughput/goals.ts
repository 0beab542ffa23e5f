import { threeDigits } from '../report/format.js';
import type { Outcome } from './outcome.js';

/** One figure that is to be reached. */
export interface Goal {
  readonly title: string;
  readonly value: number;
  readonly bound: '≥' | '≤';
  readonly limit: number;
  readonly unit: '×' | ' %';
}

/** All goals of a run, with what it reached. */
export function goalsOf({ batching, processes, streaming, statistics }: Outcome): Goal[] {
  const [alone, crowd] = [batching[0], batching.at(-1)];
  if (alone === undefined || crowd === undefined) throw new RangeError('batching was not measured');
  const { recording, rate, watchedRate } = statistics;
  return [
    {
      title: `batches, ${crowd.clients} clients: calls a second, compared with none`,
      value: crowd.batched.rate / crowd.single.rate,
      bound: '≥',
      limit: 10,
      unit: '×',
    },
    {
      title: "batches with `maxDelay: 'auto'`, 1 client: latency, compared with none",
      value: alone.batched.latency / alone.single.latency,
      bound: '≤',
      limit: 1.05,
      unit: '×',
    },
    {
      title: 'two processes: calls a second, compared with one',
      value: processes.two / processes.one,
      bound: '≥',
      limit: 1.8,
      unit: '×',
    },
    {
      title: 'streaming 1 KB chunks: rate, compared with a file through a pipe',
      value: streaming.stream / streaming.pipe,
      bound: '≥',
      limit: 0.5,
      unit: '×',
    },
    {
      title: 'counting and timing: share of the time of a small call, 64 under way',
      value: (100 * recording * rate) / 1e6,
      bound: '≤',
      limit: 3,
      unit: ' %',
    },
    {
      title: 'asking `stats()` a hundred times a second: what it takes of the calls a second',
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

/** One line a goal. */
export function judge(outcome: Outcome): string[] {
  return goalsOf(outcome).map((goal) => {
    const { title, value, bound, limit, unit } = goal;
    return `${reached(goal) ? 'reached' : 'missed'}: ${title}: ${threeDigits(value)}${unit} (${bound} ${limit}${unit})`;
  });
}
