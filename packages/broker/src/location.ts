import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Makes the URL of the child, as the ES module of this package knows it. A bundler may have moved the child. */
let makeChildUrl: (() => URL) | undefined;

/** The ES module of this package tells where the child is. @param make Not called before the file is needed. */
export function childFoundAt(make: () => URL): void {
  makeChildUrl = make;
}

/** The child's file, if the package, or a bundler, has put it where it is expected. */
export function childBesides(): string {
  const known = knownChild();
  return known !== undefined && existsSync(known) ? known : join(dirname(ownFile()), 'child.mjs');
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
