import { expect, test } from '@jest/globals';

import { runProgram } from '../support/programs.js';

const PAGE = 4_096;
const TENSOR = 150_528 * 4;

/** Other C libraries manage the memory of large buffers in other ways. */
const onGlibc = 'glibcVersionRuntime' in reportHeader() ? test : test.skip;

onGlibc('large buffers reuse memory at both ends, because new pages cost more than copying', async () => {
  const { stdout, stderr } = await runProgram('page-faults.mjs').ended;
  expect(stderr).toBe('');
  const { parent, child } = JSON.parse(stdout) as { parent: number; child: number };
  expect(parent).toBeLessThan(TENSOR / PAGE / 4);
  expect(child).toBeLessThan(TENSOR / PAGE / 4);
});

function reportHeader(): object {
  const report: unknown = process.report.getReport();
  if (typeof report !== 'object' || report === null || !('header' in report)) return {};
  return typeof report.header === 'object' && report.header !== null ? report.header : {};
}
