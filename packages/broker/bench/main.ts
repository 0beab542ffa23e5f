/**
 * Compares this broker with other ways to run a function in another process or thread. Measures the built package in
 * plain Node: `npm run bench -- --help`.
 */
import { writeFileSync } from 'node:fs';

import { contenders } from './contenders/index.js';
import { lock } from './lock.js';
import { run } from './measure/run.js';
import { type Options, parseOptions, usage, UsageError } from './options.js';
import { pin } from './pin.js';
import { publish } from './publish.js';
import { judge } from './report/goals.js';
import { asJson } from './report/json.js';
import { circumstances } from './report/machine.js';
import { table } from './report/table.js';
import { tasks } from './tasks.js';

/** This package's folder, seen from `bench/dist`. */
const folder = new URL('../../', import.meta.url);

async function benchmark(options: Options, args: readonly string[], signal: AbortSignal): Promise<void> {
  const where = circumstances({
    folder,
    packages: [...new Set(options.contenders.flatMap((contender) => contender.package ?? []))],
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    pinnedTo: options.pin ? pin() : undefined,
  });
  if (where.load > where.cores / 4) {
    console.warn(`The machine is busy (load ${where.load.toFixed(1)}): the figures will be inaccurate.`);
  }
  const outcome = await run({ ...options, signal, onProgress: console.warn });
  if (signal.aborted) return;

  console.log(`\n${table(outcome)}\n\n${outcome.rounds} rounds. Loop delay is in ms (99th percentile).\n`);
  console.log(judge(outcome).join('\n'));
  for (const { contender, failure } of outcome.lines) {
    if (failure === undefined) continue;
    console.error(`${contender.title} failed: ${failure}`);
    process.exitCode = 1;
  }
  if (options.json !== undefined) writeFileSync(options.json, asJson(outcome, where));
  if (options.write) publish(new URL('../../docs/', folder), outcome, where);
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, contenders, tasks);
  if (options.help) {
    console.log(usage(contenders, tasks));
    return;
  }
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      process.exitCode = 1;
      interruption.abort();
    });
  }
  const unlock = lock();
  try {
    await benchmark(options, args, interruption.signal);
  } finally {
    unlock();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
// A contender that hung may keep this process alive. Its worker ends when this process does.
process.exit();
