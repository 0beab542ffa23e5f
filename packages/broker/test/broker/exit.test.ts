import { expect, test } from '@jest/globals';

import { gone } from '../support/processes.js';
import { runProgram } from '../support/programs.js';

const ENDED_WELL = { exitCode: 0, signal: null, stderr: '' };

test('parent has nothing else to do: the program exits, no close() needed', async () => {
  expect(await runProgram('broker.mjs', ['idle']).ended).toEqual({ ...ENDED_WELL, stdout: 'answer\n' });
  expect(await runProgram('broker.mjs', ['started']).ended).toEqual({ ...ENDED_WELL, stdout: 'ready\n' });
  expect(await runProgram('broker.mjs', ['never']).ended).toEqual({ ...ENDED_WELL, stdout: '' });
});

test('it does not exit while a call is pending: running, queued, or waiting for a restart', async () => {
  expect(await runProgram('broker.mjs', ['pending']).ended).toEqual({ ...ENDED_WELL, stdout: 'answer\n' });
  const { stdout } = await runProgram('broker.mjs', ['queued']).ended;
  expect(stdout.split('\n').filter((text) => text.startsWith('answer'))).toHaveLength(20);
  expect(await runProgram('broker.mjs', ['restarting']).ended).toEqual({
    ...ENDED_WELL,
    stdout: 'ERR_DUAL_PROCESS_EXIT\nanswer\n',
  });
});

test('no unhandled rejection and no warning, whatever is aborted, failed, joined or closed thirty times', async () => {
  expect(await runProgram('broker.mjs', ['noise']).ended).toEqual({ ...ENDED_WELL, stdout: 'done\n' });
});

test('who shares a call and does not handle its failure has an unhandled rejection, whatever the others do', async () => {
  const { stdout } = await runProgram('broker.mjs', ['shared']).ended;
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/^unhandled rejection: .*after submit$/),
    expect.stringMatching(/^unhandled rejection: .*before call$/),
    expect.stringMatching(/^unhandled rejection: .*before get$/),
    '',
  ]);
});

test('listeners that throw do not get in the way of the broker', async () => {
  const { stdout } = await runProgram('broker.mjs', ['throwingListeners']).ended;
  expect(stdout).toBe('printed\nERR_DUAL_PROCESS_EXIT\nanswer\nthrown\n');
});

test("output 'inherit' is passed on to the same streams", async () => {
  expect(await runProgram('broker.mjs', ['print']).ended).toEqual({
    exitCode: 0,
    signal: null,
    stdout: 'from the child\n',
    stderr: 'an error of the child\n',
  });
});

test('a reader of its output that goes away, as `head` does, neither ends the program nor holds up the child', async () => {
  const head = ['sh', '-c', '"$@" | head -n 1', 'sh', process.execPath];
  expect(await runProgram('broker.mjs', ['flood'], head).ended).toEqual({
    exitCode: 0,
    signal: null,
    stdout: 'line\n',
    stderr: 'the end\n',
  });
});

test('too many open files: PipelineStartError, no uncaught event', async () => {
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

test('missing executable: PipelineStartError, no uncaught event; start() again works once it is there', async () => {
  expect(await runProgram('broker.mjs', ['noExecutable']).ended).toEqual({
    ...ENDED_WELL,
    stdout: 'ERR_DUAL_PIPELINE_START ENOENT ERR_DUAL_PIPELINE_START failed\nanswer\n',
  });
});

test('Ctrl-C (SIGINT to the child) does not end a call', async () => {
  const program = runProgram('broker.mjs', ['idleChild']);
  const [, pid] = await program.line(/^pid (\d+)$/);
  await program.line(/^ready$/);
  process.kill(Number(pid), 'SIGINT');
  process.kill(Number(pid), 0);
  program.process.kill('SIGINT');
  expect((await program.ended).signal).toBe('SIGINT');
  await gone(Number(pid));
});
