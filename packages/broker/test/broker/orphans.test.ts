import type { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { exit } from '../support/events.js';
import { gone, isAlive } from '../support/processes.js';
import { runProgram } from '../support/programs.js';

test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const)(
  'a child that computes without a break ends if its parent dies by %s',
  async (signal) => {
    const program = runProgram('broker.mjs', ['spin']);
    const [, pid] = await program.line(/^pid (\d+)$/);
    await program.line(/^spinning$/);
    program.process.kill(signal);
    expect((await program.ended).signal).toBe(signal);
    await gone(Number(pid));
  },
);

test.each([
  ['calls process.exit', 'spinThenExit', 3],
  ['crashes', 'spinThenThrow', 1],
])('a child that computes without a break ends if its parent %s', async (_, what, exitCode) => {
  const program = runProgram('broker.mjs', [what]);
  const [, pid] = await program.line(/^pid (\d+)$/);
  expect((await program.ended).exitCode).toBe(exitCode);
  await gone(Number(pid));
});

test('an idle child ends if its parent dies', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  await program.line(/^ready$/);
  program.process.kill('SIGKILL');
  await gone(Number(pid));
});

test('a child that is starting ends if its parent dies', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  program.process.kill('SIGKILL');
  await gone(Number(pid));
});

test.each(['spinning', 'idle'])(
  'the child processes of the pipeline end if the parent dies while the child is %s',
  async (what) => {
    const program = runProgram('broker.mjs', ['grandchild', what]);
    const [, pid] = await program.line(/^pid (\d+)$/);
    if (what === 'spinning') await program.line(/^spinning$/);
    program.process.kill('SIGKILL');
    await gone(Number(pid));
  },
);

test('a child that was stopped (SIGSTOP) when its parent died ends as soon as it is continued', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, text] = await program.line(/^pid (\d+)$/);
  const pid = Number(text);
  await program.line(/^ready$/);
  process.kill(pid, 'SIGSTOP');
  program.process.kill('SIGKILL');
  await program.ended;
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGCONT');
  await gone(pid);
});

test.each([
  ['is closed', (broker: Broker) => broker.close()],
  ['loses its process', (broker: Broker) => broker.call('die', []).catch(() => undefined)],
])('a broker that %s does not end the child processes of the pipeline', async (_, end) => {
  const broker = await startBroker(fixture('grandchild.mjs'));
  const grandchild = Number(await broker.call('start', ['ignore']));
  await end(broker);
  expect(isAlive(grandchild)).toBe(true);
  process.kill(grandchild, 'SIGKILL');
  await gone(grandchild);
});

test('a child ends if the worker thread of its broker is terminated, and the program goes on', async () => {
  const program = runProgram('worker.mjs');
  const [, pid] = await program.line(/^pid (\d+)$/);
  await program.line(/^terminated$/);
  await gone(Number(pid));
  expect(program.process.exitCode).toBeNull();
});

test('the child of a broker in a pipeline ends together with the process of the pipeline', async () => {
  const broker = await startBroker(fixture('nested.mjs'));
  expect(await broker.call('echo', ['nested'])).toBe('nested');
  const [outer = 0, inner = 0] = (await broker.call('pids', [])) as number[];
  const exited = exit(broker);
  process.kill(outer, 'SIGKILL');
  await gone(inner);
  await exited;
  const pids = (await broker.call('pids', [])) as number[];
  await broker.close();
  for (const pid of pids) expect(isAlive(pid)).toBe(false);
});
