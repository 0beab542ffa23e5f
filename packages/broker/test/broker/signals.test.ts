import { writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';
import { temporaryPath } from '../support/temporary.js';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s to the whole process group, as by Ctrl-C: the parent decides, and the running call finishes',
  async (signal) => {
    const gate = temporaryPath();
    // The leader of a group of its own, as what a shell starts is.
    const program = runProgram('broker.mjs', ['drain', gate], ['setsid', process.execPath]);
    await program.line(/^at the gate$/);
    process.kill(-Number(program.process.pid), signal);
    await program.line(/^told by/);
    writeFileSync(gate, '');
    const { stdout, exitCode } = await program.ended;
    expect(stdout).toBe(`at the gate\ntold by ${signal}\nanswer\nclosed by ${signal}\n`);
    expect(exitCode).toBe(0);
  },
);

test('stacks that are no text keep no call from settling', async () => {
  const program = runProgram('broker.mjs', ['strangeStacks']);
  const { stdout } = await program.ended;
  expect(stdout).toBe('told\nERR_DUAL_PROCESS_EXIT\nERR_DUAL_UNKNOWN_METHOD\nclosed\n');
});
