import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';

test('with any number of file descriptors left, start() and close() settle, and nothing leaks', async () => {
  const limited = ['/bin/sh', '-c', 'ulimit -n 120; exec "$0" "$@"', process.execPath];
  const { ended } = runProgram('few-descriptors.mjs', [], limited);
  const { exitCode, stdout, stderr } = await ended;
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(32);
  expect(lines.at(-1)).toBe('0 descriptors too many');
  const outcomes = lines.slice(0, -1).map((line) => line.replace(/^\d+ left: /, ''));
  expect(outcomes.filter((outcome) => outcome !== 'works' && outcome !== 'ERR_DUAL_PIPELINE_START')).toEqual(
    [],
  );
  expect(outcomes[0]).toBe('works');
  expect(outcomes.at(-1)).toBe('ERR_DUAL_PIPELINE_START');
  expect(exitCode).toBe(0);
});
