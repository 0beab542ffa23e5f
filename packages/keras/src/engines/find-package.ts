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
 * The places from which optional packages are resolved: this package, then the running program, then the working
 * directory. The last two are for package managers that keep the dependencies of each package apart, such as pnpm.
 */
export function optionalRequires(): NodeJS.Require[] {
  return [import.meta.url, process.argv[1], path.join(process.cwd(), 'package.json')].flatMap((base) => {
    if (base === undefined) return [];
    return [createRequire(base.startsWith('file:') ? base : pathToFileURL(base))];
  });
}

/**
 * Finds an optional package that exports its `package.json`.
 *
 * @returns `undefined` if the package is not installed in any of the places.
 */
export function findPackage(name: string): FoundPackage | undefined {
  for (const from of optionalRequires()) {
    const found = findFrom(from, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findFrom(from: NodeJS.Require, name: string): FoundPackage | undefined {
  try {
    const manifest = from.resolve(`${name}/package.json`);
    const require = createRequire(manifest);
    const { version } = require(manifest) as { version: string };
    return { version, directory: path.dirname(manifest), require };
  } catch {
    // If the package is missing or broken here, another place may still have a good copy.
    return undefined;
  }
}
