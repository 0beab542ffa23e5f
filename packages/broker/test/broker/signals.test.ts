import { writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';
import { temporaryPath } from '../support/temporary.js';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s to the whole process group, as from Ctrl-C, lets the parent decide, and the running call finishes',
  async (signal) => {
    const gate = temporaryPath();
    // `setsid` makes the program the leader of its own process group, as a shell does.
    const program = runProgram('broker.mjs', ['drain', gate], ['setsid', process.execPath]);
    await program.line(/^at the gate$/);
    process.kill(-Number(program.process.pid), signal);
    await program.line(/^received/);
    writeFileSync(gate, '');
    const { stdout, exitCode } = await program.ended;
    expect(stdout).toBe(`at the gate\nreceived ${signal}\nanswer\nclosed by ${signal}\n`);
    expect(exitCode).toBe(0);
  },
);

test('calls settle even if Error.prepareStackTrace returns no text or throws', async () => {
  const program = runProgram('broker.mjs', ['strangeStacks']);
  const { stdout } = await program.ended;
  expect(stdout).toBe('told\nERR_DUAL_PROCESS_EXIT\nERR_DUAL_UNKNOWN_METHOD\nclosed\n');
});
