import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { output } from './command.js';
import { pack } from './packages.js';
import { tempFolder, writeFiles } from './temp-folder.js';

let packed: Promise<string> | undefined;

/** Path of the broker's tarball. */
export function packedBroker(): Promise<string> {
  packed ??= pack('broker', tempFolder()).then(({ tarball }) => tarball);
  return packed;
}

/** Creates a project with these files in a new folder. Returns its path. */
export function project(name: string, files: Readonly<Record<string, string | object>>): string {
  const folder = join(tempFolder(), name);
  mkdirSync(folder);
  writeFiles(folder, { 'package.json': { name: 'consumer', private: true }, ...files });
  return folder;
}

/** Installs packages with npm. @param packages Tarballs, or names with versions. */
export async function install(
  folder: string,
  packages: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await output('npm', ['install', '--no-fund', '--no-audit', ...packages], { cwd: folder, env });
}
