import { threeDigits, times } from '../report/format.js';
import { type Circumstances, describeRun } from '../report/machine.js';
import { markdownTable } from '../report/markdown.js';
import { goalsOf } from './goals.js';
import type { Outcome } from './outcome.js';

/** The generated block of `throughput.md`. */
export function throughputSection(outcome: Outcome, circumstances: Circumstances): string {
  const { batching, processes, streaming, statistics } = outcome;
  const load = markdownTable(
    ['clients', 'calls/s alone', 'calls/s in batches', '', 'ms alone', 'ms in batches', ''],
    batching.map(({ clients, single, batched }) => [
      String(clients),
      threeDigits(single.rate),
      threeDigits(batched.rate),
      times(batched.rate, single.rate),
      threeDigits(single.latency),
      threeDigits(batched.latency),
      times(batched.latency, single.latency),
    ]),
  );
  const goals = markdownTable(
    ['', 'reached', 'goal'],
    goalsOf(outcome).map(({ title, value, bound, limit, unit }) => [
      title,
      `${threeDigits(value)}${unit}`,
      `${bound} ${limit}${unit}`,
    ]),
  );
  const others = [
    `- Work that keeps a core busy: ${threeDigits(processes.one)} calls/s in one process, ${threeDigits(processes.two)} in two.`,
    `- Chunks of 1 KB: ${threeDigits(streaming.stream / 1_000)} thousand/s streamed, ${threeDigits(streaming.pipe / 1_000)} thousand/s from a file read through a pipe.`,
    `- Small calls, 64 in flight: ${threeDigits(statistics.rate / 1_000)} thousand/s. Counting and timing take ${threeDigits(statistics.recording)} µs of each.`,
  ];
  return [
    describeRun(circumstances, outcome.rounds),
    '![Calls per second and latency against the number of clients, alone and in batches](throughput.svg)',
    load,
    'The same run also measured:',
    others.join('\n'),
    goals,
  ].join('\n\n');
}
