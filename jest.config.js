import { project } from './dev/lib/jest-project.mjs';

/** @type {import('jest').Config} */
export default {
  projects: [
    project('broker', 'packages/broker'),
    project('keras', 'packages/keras'),
    project('http', 'packages/http'),
    project('vgg-service', 'examples/vgg-service'),
    project('workspace', 'dev'),
  ],
  // One file after the other: many start processes, and would starve each other's.
  maxWorkers: 1,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/dev/closing-line-reporter.mjs'],
};
