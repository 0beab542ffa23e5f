import { beforeAll, describe, expect, test } from '@jest/globals';

import { run } from './support/command.js';
import { manifest, miniWorkspace, pretendInstalled } from './support/mini-workspace.js';

const tests = {
  'jest.config.js': `export default {
    testMatch: ['**/*.spec.mjs'],
    reporters: ['default', '<rootDir>/dev/closing-line-reporter.mjs'],
  };`,
  'good.spec.mjs': "test('holds', () => {}); test.skip('is left out', () => {});",
  'bad.spec.mjs': "test('does not hold', () => { throw new Error('as it should'); });",
  'broken.spec.mjs': "throw new Error('not even loaded');",
};

/** Creates a workspace whose build, lint and typecheck end with these exit codes. */
async function workspace({ build = 0, lint = 0, typecheck = 0 }): Promise<string> {
  const folder = miniWorkspace({
    ...tests,
    'package.json': manifest({
      build: { command: `exit ${build}` },
      lint: { command: `echo lint says && exit ${lint}` },
      typecheck: { command: `echo tsc says && exit ${typecheck}` },
      check: { dependencies: ['build', 'lint', 'typecheck'] },
    }),
  });
  await pretendInstalled(folder, ['wireit', 'jest']);
  return folder;
}

describe('npm test ends with one line that counts the passed, failed and skipped tests', () => {
  let sound: string;
  beforeAll(async () => {
    sound = await workspace({});
  });

  test('if all tests pass', async () => {
    const { code, lines } = await run('npm', ['test', '--', 'good'], { cwd: sound });
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
    expect(code).toBe(0);
    expect(lines).not.toContain('lint says');
  });

  test('if all tests pass on CI', async () => {
    const { code, lines } = await run('npm', ['test', '--', 'good', '-t', 'holds'], {
      cwd: sound,
      env: { CI: 'true' },
    });
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 1 skipped');
    expect(code).toBe(0);
  });

  test('if a test fails and a test file cannot be loaded', async () => {
    const { code, lines } = await run('npm', ['test'], { cwd: sound });
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 1 skipped');
    expect(code).not.toBe(0);
  });

  test('if Jest finds no test', async () => {
    const { code, lines } = await run('npm', ['test', '--', 'no-such-file'], { cwd: sound });
    expect(lines.at(-1)).toBe('0 passed, 1 failed');
    expect(code).not.toBe(0);
  });

  test('if checks fail: it still runs the tests, and counts and names each failed check', async () => {
    const folder = await workspace({ lint: 1, typecheck: 2 });
    const { code, lines } = await run('npm', ['test', '--', 'good'], { cwd: folder });
    expect(lines).toEqual(expect.arrayContaining(['lint says', 'tsc says']));
    expect(lines.at(-2)).toMatch(/^Failed checks: (lint, typecheck|typecheck, lint)$/);
    expect(lines.at(-1)).toBe('1 passed, 2 failed, 1 skipped');
    expect(code).not.toBe(0);
  });

  test('if the build fails: it runs no test against an old build', async () => {
    const folder = await workspace({ build: 1 });
    const { code, lines } = await run('npm', ['test'], { cwd: folder });
    expect(lines.filter((line) => line !== '').at(-2)).toBe('The build failed: see the lines above.');
    expect(lines.at(-1)).toBe('0 passed, 1 failed');
    expect(code).not.toBe(0);
  });
});
