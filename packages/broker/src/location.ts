import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { exists } from './access.js';

/** Makes the URL of the child, as the ES module of this package knows it. A bundler may have moved the child. */
let makeChildUrl: (() => URL) | undefined;

/**
 * Tells where the child is. The ES module of this package calls it.
 * @param make Not called before the file is needed.
 */
export function childFoundAt(make: () => URL): void {
  makeChildUrl = make;
}

/** The child's file, if the package, or a bundler, has put it where it is expected, or the package is installed. */
export function childBesides(): string {
  const known = knownChild();
  if (known !== undefined && exists(known) !== false) return known;
  const beside = join(dirname(ownFile()), 'child.mjs');
  return exists(beside) === true ? beside : (installedChild() ?? beside);
}

/** The child of the installed package, for a bundle without one. As a rule the package lies in a folder above the bundle. */
function installedChild(): string | undefined {
  try {
    return createRequire(ownFile()).resolve('@dual/broker/child');
  } catch {
    return undefined;
  }
}

/** A file of this package, or of the bundle that contains it. Nothing is missing in CommonJS or in an ES module. */
export function ownFile(): string {
  if (typeof __filename === 'string') return __filename;
  return knownChild() ?? join(process.cwd(), 'child.mjs');
}

function knownChild(): string | undefined {
  try {
    return makeChildUrl && fileURLToPath(makeChildUrl());
  } catch {
    return undefined; // bundled as CommonJS, where `import.meta.url` is undefined, or moved to a web address
  }
}
