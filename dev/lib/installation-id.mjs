import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { root } from './root.mjs';

/**
 * A hash of all inputs of an installation (lockfile, manifests, settings, this Node and machine type) and of pnpm's own
 * record of the result, so that a change by another tool shows too. Undefined if there is no complete installation.
 *
 * Our own code, because `pnpm install` takes several seconds to find out that nothing has changed.
 */
export function installationId() {
  const packages = ['packages', 'examples'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(group, name))
      .filter((folder) => existsSync(join(root, folder, 'package.json'))),
  );
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...packages.map((folder) => join(folder, 'package.json')),
    join('node_modules', '.modules.yaml'),
  ];
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch} ${process.versions.modules}\n`);
  for (const file of files) {
    const path = join(root, file);
    if (!existsSync(path)) return undefined;
    const content = readFileSync(path, 'utf8');
    if (file.endsWith('package.json') && !isLinked(dirname(path), JSON.parse(content))) return undefined;
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/**
 * Whether the package's own node_modules exists, if it needs one.
 *
 * @param {string} folder
 * @param {{ dependencies?: object, devDependencies?: object, optionalDependencies?: object }} manifest
 */
function isLinked(folder, { dependencies, devDependencies, optionalDependencies }) {
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  return names.length === 0 || existsSync(join(folder, 'node_modules'));
}
