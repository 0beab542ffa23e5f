import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach } from '@jest/globals';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Makes a new folder, which is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dual-broker-'));
  folders.push(folder);
  return folder;
}

/** A new path, at which no file exists yet. */
export function temporaryPath(): string {
  return join(temporaryFolder(), 'file');
}

/** Writes an ES module with this source. No formatter or linter sees it. */
export function temporaryModule(source: string): URL {
  const path = `${temporaryPath()}.mjs`;
  writeFileSync(path, source);
  return pathToFileURL(path);
}
