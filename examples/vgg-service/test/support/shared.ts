import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { test } from '@jest/globals';

const folder = resolve(
  process.env['DUAL_SHARED'] ?? fileURLToPath(new URL('../../../../../shared', import.meta.url)),
);

/** A file that lies beside the project; it may be missing. */
export function shared(path: string): string {
  return join(folder, path);
}

/** `test`, or a skip that says loudly what is missing. */
export function testWith(path: string): typeof test | typeof test.skip {
  if (existsSync(shared(path))) return test;
  console.warn(`SKIPPED: ${shared(path)} is missing. Set DUAL_SHARED to the folder that has it.`);
  return test.skip;
}
