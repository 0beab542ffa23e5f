import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from '@jest/globals';

const folder = resolve(
  process.env['DUAL_SHARED'] ?? fileURLToPath(new URL('../../../../../shared', import.meta.url)),
);

/** The path of a reference file in a folder next to the project. The file may be missing. */
export function shared(path: string): string {
  return join(folder, path);
}

/** Returns `test`, or warns that the file is missing and returns `test.skip`. */
export function testWith(path: string): typeof test | typeof test.skip {
  if (existsSync(shared(path))) return test;
  console.warn(`SKIPPED: ${shared(path)} is missing. Set DUAL_SHARED to the folder that has it.`);
  return test.skip;
}
