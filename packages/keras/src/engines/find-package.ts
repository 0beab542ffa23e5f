import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** A package that was found, to be loaded with `require` and to find its own dependencies from. */
export interface FoundPackage {
  version: string;
  directory: string;
  /** Resolves from inside the package. */
  require: NodeJS.Require;
}

/**
 * Finds an optional package: beside this one, then from the program that runs, then from the working directory.
 * The last two matter where a package manager keeps each package's dependencies apart.
 */
export function findPackage(name: string): FoundPackage | undefined {
  const bases = [import.meta.url, process.argv[1], path.join(process.cwd(), 'package.json')];
  for (const base of bases) {
    if (base === undefined) continue;
    const found = findFrom(base, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findFrom(base: string, name: string): FoundPackage | undefined {
  try {
    const manifest = createRequire(base.startsWith('file:') ? base : pathToFileURL(base)).resolve(
      `${name}/package.json`,
    );
    const require = createRequire(manifest);
    const { version } = require(manifest) as { version: string };
    return { version, directory: path.dirname(manifest), require };
  } catch {
    // Not there, or not as it should be: either way another place may have it.
    return undefined;
  }
}
