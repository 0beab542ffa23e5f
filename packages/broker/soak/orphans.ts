import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { isRunning } from './leftovers.js';
import { percentile } from './percentile.js';

/** The ways to end a parent. */
const ENDS = ['SIGKILL', 'crash', 'exit'] as const;
type End = (typeof ENDS)[number];

/** Time in ms after which a child that outlives its parent counts as an orphan, and is killed. */
const HOPELESS = 30_000;

const { values } = parseArgs({ options: { tries: { type: 'string', default: '100' } } });
const tries = Number(values.tries);

const idle = await measure('idle', 1_000);
const busy = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ['-e', 'for (;;);']),
);
const loaded = await measure('one busy loop per core', 5_000);
for (const child of busy) child.kill('SIGKILL');
process.exitCode = idle && loaded ? 0 : 1;

/** @returns Whether all children were gone within `goal` ms. */
async function measure(name: string, goal: number): Promise<boolean> {
  const times: number[] = [];
  for (let i = 0; i < tries; i += 1) times.push(await orphanLife(ENDS[i % ENDS.length] ?? 'exit'));
  const within = times.filter((ms) => ms <= goal).length;
  const [median, p99, max] = [0.5, 0.99, 1].map((share) => Math.round(percentile(times, share)));
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  console.log(
    `${name}: gone within ${goal} ms in ${within} of ${tries} tries; ` +
      `median ${median ?? '?'} ms, p99 ${p99 ?? '?'} ms, longest ${max ?? '?'} ms (load average ${load})`,
  );
  return within === tries;
}

/** @returns The time in ms from the moment the parent was told to end, to the end of its child. */
async function orphanLife(how: End): Promise<number> {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('./parent.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pid = await firstNumber(parent);
  const ended = once(parent, 'exit');
  const begin = performance.now();
  if (how === 'SIGKILL') parent.kill('SIGKILL');
  else parent.stdin.write(how);
  await ended;
  // Poll, because no event reports the end of a grandchild.
  while (isRunning(pid) && performance.now() - begin < HOPELESS) await delay(2);
  const life = performance.now() - begin;
  if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  return life;
}

async function firstNumber({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new TypeError('the parent has no stdout pipe');
  for await (const line of createInterface({ input: stdout })) return Number(line);
  throw new Error('the parent ended before its child started to compute');
}
