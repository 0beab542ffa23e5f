import { test } from '@jest/globals';

import { run } from '../../test/support/command.js';
import { root } from '../../test/support/paths.js';

const { code } = await run('npm', ['view', 'webpack', 'version', '--fetch-retries=0'], { cwd: root });

/** A test that installs packages. It is skipped if npm's registry cannot be reached. */
export const testOnline = code === 0 ? test : test.skip;

if (code !== 0)
  console.warn('SKIPPED: these tests install packages, and the npm registry cannot be reached.');
