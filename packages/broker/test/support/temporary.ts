import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach } from '@jest/globals';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dual-broker-'));
  folders.push(folder);
  return folder;
}

/** A path at which there is nothing yet. */
export function temporaryPath(): string {
  return join(temporaryFolder(), 'file');
}

/** An ESM module of that source, not formatted, checked or seen by any tool. */
export function temporaryModule(source: string): URL {
  const path = `${temporaryPath()}.mjs`;
  writeFileSync(path, source);
  return pathToFileURL(path);
}
