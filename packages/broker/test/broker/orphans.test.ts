import { expect, test } from '@jest/globals';
import { gone } from '../support/processes.js';
import { runProgram } from '../support/programs.js';

test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'] as const)(
  'parent dies by %s while the child spins: the child is gone',
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
])('parent %s while the child spins: the child is gone', async (_, what, exitCode) => {
  const program = runProgram('broker.mjs', [what]);
  const [, pid] = await program.line(/^pid (\d+)$/);
  expect((await program.ended).exitCode).toBe(exitCode);
  await gone(Number(pid));
});

test('parent dies while the child is idle: the child is gone', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  await program.line(/^ready$/);
  program.process.kill('SIGKILL');
  await gone(Number(pid));
});

test('parent dies while the child starts: the child is gone', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  program.process.kill('SIGKILL');
  await gone(Number(pid));
});
