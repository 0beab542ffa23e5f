import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Broker } from '@dual/broker';

import { percentile } from './percentile.js';

const { values } = parseArgs({ options: { tries: { type: 'string', default: '100' } } });
const tries = Number(values.tries);
const MODULE = new URL('./nothing.mjs', import.meta.url);

const broker = await Broker.start(MODULE, {
  execArgv: [],
  output: 'ignore',
  // No pause before a restart: it is configurable, and not a part of the cost that is measured here.
  restart: { limit: Infinity, minDelay: 0 },
});
// An idle broker does not keep the program alive, not even while it waits for a child to end.
const hold = setInterval(() => undefined, 60_000);
const bare: number[] = [];
const ended: number[] = [];
const restart: number[] = [];
// Alternate, so that other load on the machine affects all measurements alike.
for (let i = 0; i < tries; i += 1) {
  const [running, gone] = await bareStart();
  bare.push(running);
  ended.push(gone);
  restart.push(await restartToReady());
}
await broker.close();
clearInterval(hold);

console.log(`median of ${tries} (10th to 90th percentile), ms:`);
show('bare node, from spawn to its first line', bare);
show('bare node, from spawn to its end', ended);
show('broker, from SIGKILL of the child to ready', restart);
console.log(`ready / first line: ${ratio(restart, bare)}; ready / end: ${ratio(restart, ended)}`);

/** @returns The time in ms until the module runs, and until the process has ended. */
async function bareStart(): Promise<[number, number]> {
  const begin = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(MODULE), 'bare'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  const running = performance.now() - begin;
  await exit;
  return [running, performance.now() - begin];
}

async function restartToReady(): Promise<number> {
  const pid = broker.stats().processes[0]?.pid;
  if (pid === undefined) throw new Error('the broker has no child to restart');
  const exit = once(broker, 'exit');
  const begin = performance.now();
  process.kill(pid, 'SIGKILL');
  await exit;
  await broker.start();
  return performance.now() - begin;
}

function show(what: string, times: readonly number[]): void {
  const [median, low, high] = [0.5, 0.1, 0.9].map((share) => percentile(times, share).toFixed(1));
  console.log(`  ${what}: ${median ?? '?'} (${low ?? '?'} to ${high ?? '?'})`);
}

function ratio(a: readonly number[], b: readonly number[]): string {
  return (percentile(a, 0.5) / percentile(b, 0.5)).toFixed(2);
}
