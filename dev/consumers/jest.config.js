import { fileURLToPath } from 'node:url';

import { project } from '../lib/jest-project.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/**
 * Tests that take long, because they install other people's tools.
 *
 * @type {import('jest').Config}
 */
export default {
  rootDir: here,
  projects: [project('consumers', here)],
  maxWorkers: 1,
  testTimeout: 300_000,
  reporters: ['default', fileURLToPath(new URL('../closing-line-reporter.mjs', import.meta.url))],
};
