import { expect, test } from '@jest/globals';

import { gone } from '../support/processes.js';
import { runProgram } from '../support/programs.js';

const ENDED_WELL = { exitCode: 0, signal: null, stderr: '' };

test('a program with an idle broker exits without close()', async () => {
  expect(await runProgram('broker.mjs', ['idle']).ended).toEqual({ ...ENDED_WELL, stdout: 'answer\n' });
  expect(await runProgram('broker.mjs', ['started']).ended).toEqual({ ...ENDED_WELL, stdout: 'ready\n' });
  expect(await runProgram('broker.mjs', ['never']).ended).toEqual({ ...ENDED_WELL, stdout: '' });
});

test('a program does not exit while a call is running, queued, or waiting for a restart', async () => {
  expect(await runProgram('broker.mjs', ['pending']).ended).toEqual({ ...ENDED_WELL, stdout: 'answer\n' });
  const { stdout } = await runProgram('broker.mjs', ['queued']).ended;
  expect(stdout.split('\n').filter((text) => text.startsWith('answer'))).toHaveLength(20);
  expect(await runProgram('broker.mjs', ['restarting']).ended).toEqual({
    ...ENDED_WELL,
    stdout: 'ERR_DUAL_PROCESS_EXIT\nanswer\n',
  });
});

test('many aborted, failed and joined calls and thirty close() cause no unhandled rejection and no warning', async () => {
  expect(await runProgram('broker.mjs', ['noise']).ended).toEqual({ ...ENDED_WELL, stdout: 'done\n' });
});

test('a caller that does not handle the failure of a shared call causes an unhandled rejection, even if others handle it', async () => {
  const { stdout } = await runProgram('broker.mjs', ['shared']).ended;
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^unhandled rejection: .*after submit$/),
    expect.stringMatching(/^unhandled rejection: .*before call$/),
    expect.stringMatching(/^unhandled rejection: .*before get$/),
    '',
  ]);
});

test('listeners that throw do not disturb the broker', async () => {
  const { stdout } = await runProgram('broker.mjs', ['throwingListeners']).ended;
  expect(stdout).toBe('printed\nERR_DUAL_PROCESS_EXIT\nanswer\nthrown\n');
});

test("output 'inherit' passes output on to the same streams of the parent", async () => {
  expect(await runProgram('broker.mjs', ['print']).ended).toEqual({
    exitCode: 0,
    signal: null,
    stdout: 'from the child\n',
    stderr: 'an error of the child\n',
  });
});

test('a closed stdout, as with `| head`, neither ends the program nor blocks the child', async () => {
  const head = ['sh', '-c', '"$@" | head -n 1', 'sh', process.execPath];
  expect(await runProgram('broker.mjs', ['flood'], head).ended).toEqual({
    exitCode: 0,
    signal: null,
    stdout: 'line\n',
    stderr: 'the end\n',
  });
});

test('start() rejects with PipelineStartError if the program has too many open files', async () => {
  const { stdout, stderr, exitCode } = await runProgram(
    'broker.mjs',
    ['outOfDescriptors'],
    ['sh', '-c', 'ulimit -n 60; exec "$@"', 'sh', process.execPath],
  ).ended;
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: expect.stringMatching(/^ERR_DUAL_PIPELINE_START\n.*too many (open )?files/),
    stderr: '',
    exitCode: 0,
  });
});

test('start() rejects with PipelineStartError if `node` is missing, and works once it is there', async () => {
  expect(await runProgram('broker.mjs', ['noExecutable']).ended).toEqual({
    ...ENDED_WELL,
    stdout: 'ERR_DUAL_PIPELINE_START ENOENT ERR_DUAL_PIPELINE_START failed\nanswer\n',
  });
});

test('SIGINT, as from Ctrl-C, does not end the child', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  await program.line(/^ready$/);
  process.kill(Number(pid), 'SIGINT');
  process.kill(Number(pid), 0);
  program.process.kill('SIGINT');
  expect((await program.ended).signal).toBe('SIGINT');
  await gone(Number(pid));
});
