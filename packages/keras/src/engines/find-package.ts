import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** An installed package. */
export interface FoundPackage {
  version: string;
  /** Absolute path of the package's folder. */
  directory: string;
  /** Resolves from inside the package, so that it also finds the package's own dependencies. */
  require: NodeJS.Require;
}

/**
 * Finds an optional package, seen from this package, then from the running program, then from the working directory.
 * The last two are for package managers that keep the dependencies of each package apart, such as pnpm.
 *
 * @returns `undefined` if the package is not installed in any of these places.
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
    // If the package is missing or broken here, another place may still have a good copy.
    return undefined;
  }
}
