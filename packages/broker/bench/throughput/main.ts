/**
 * Measures the gain from batches, processes and streams, and the cost of statistics:
 * `npm run bench:throughput -- --help`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { lock } from '../lock.js';
import { UsageError } from '../options.js';
import { circumstances } from '../report/machine.js';
import { replaceMarked } from '../report/marked.js';
import { measureBatching } from './batching.js';
import { chart } from './chart.js';
import { judge } from './goals.js';
import type { Outcome } from './outcome.js';
import type { Plan } from './plan.js';
import { measureProcesses } from './processes.js';
import { throughputSection } from './section.js';
import { measureStatistics } from './statistics.js';
import { measureStreaming } from './streaming.js';

const USAGE = `npm run bench:throughput -- [options]

  --rounds N    number of rounds of turns (default: 3)
  --scale N     length of a turn, relative to the length that gives steady figures (default: 1)
  --write       write the figures and the chart to docs/`;

/** This package's folder, seen from `bench/dist/throughput`. */
const folder = new URL('../../../', import.meta.url);

async function main(args: string[]): Promise<void> {
  const options = parse(args);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const where = circumstances({
    folder,
    packages: ['@dual/broker'],
    command: ['npm run bench:throughput', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    pinnedTo: undefined,
  });
  const unlock = lock();
  try {
    const outcome = await measure({ ...options, onProgress: console.warn });
    const section = throughputSection(outcome, where);
    console.log(`\n${section}\n\n${judge(outcome).join('\n')}`);
    if (options.write) publish(section, chart(outcome.batching));
  } finally {
    unlock();
  }
}

async function measure(plan: Plan): Promise<Outcome> {
  return {
    rounds: plan.rounds,
    batching: await measureBatching(plan),
    processes: await measureProcesses(plan),
    streaming: await measureStreaming(plan),
    statistics: await measureStatistics(plan),
  };
}

function publish(section: string, svg: string): void {
  const docs = new URL('../../docs/', folder);
  const file = new URL('throughput.md', docs);
  const document = replaceMarked(readFileSync(file, 'utf8'), 'figures', section);
  if (document === undefined) {
    throw new UsageError(
      'docs/throughput.md has no place for the figures: add the markers figures:begin and figures:end',
    );
  }
  writeFileSync(file, document);
  writeFileSync(new URL('throughput.svg', docs), svg);
}

function parse(args: string[]) {
  const { help, write, rounds, scale } = values(args);
  if (!(Number.isInteger(Number(rounds)) && Number(rounds) >= 1))
    throw new UsageError(`--rounds takes an integer of at least 1, not '${rounds}'`);
  if (!(Number(scale) > 0 && Number(scale) < Infinity))
    throw new UsageError(`--scale takes a number above 0, not '${scale}'`);
  return { help, write, rounds: Number(rounds), scale: Number(scale) };
}

function values(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '3' },
        scale: { type: 'string', default: '1' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
