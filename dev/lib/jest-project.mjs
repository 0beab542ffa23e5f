import { fileURLToPath } from 'node:url';

/**
 * One Jest project a package; integration tests run the built `dist`, as users do.
 *
 * @param {string} displayName
 * @param {string} rootDir
 */
export const project = (displayName, rootDir) => ({
  displayName,
  rootDir,
  testEnvironment: 'node',
  setupFilesAfterEnv: [fileURLToPath(new URL('../jest-ci.mjs', import.meta.url))],
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
