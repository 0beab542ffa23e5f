import { fileURLToPath } from 'node:url';

/** One Jest project a package; integration tests run the built `dist`, as users do. */
const project = (displayName, rootDir) => ({
  displayName,
  rootDir,
  testEnvironment: 'node',
  setupFilesAfterEnv: [fileURLToPath(new URL('dev/jest-ci.mjs', import.meta.url))],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, keepClassNames: true },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
});

/** @type {import('jest').Config} */
export default {
  projects: [
    project('broker', 'packages/broker'),
    project('keras', 'packages/keras'),
    project('vgg-service', 'examples/vgg-service'),
    project('workspace', 'dev'),
  ],
  // One file after the other: many start processes, and would starve each other's.
  maxWorkers: 1,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/dev/closing-line-reporter.mjs'],
};
