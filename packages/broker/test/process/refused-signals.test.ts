import { expect, test } from '@jest/globals';

import { gone } from '../support/processes.js';
import { runProgram } from '../support/programs.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Skipped: the test of refused signals needs root.');

(isRoot ? test : test.skip)(
  'after setuid() a process that can get no signal ends by its lifeline, and the calls go on',
  async () => {
    const program = runProgram('setuid.mjs');
    const [, pid] = await program.line(/^first (\d+)$/);
    await program.line(/^ERR_DUAL_CALL_TIMEOUT$/);
    await program.line(new RegExp(`^exit ${pid} overdue SIGKILL$`));
    // The next process may lack the right to read the pipeline's file. What counts is that the call settles.
    await program.line(/^answered (next|ERR_DUAL_PIPELINE_START)$/);
    expect(await program.ended).toMatchObject({ exitCode: 0 });
    await gone(Number(pid));
  },
);
