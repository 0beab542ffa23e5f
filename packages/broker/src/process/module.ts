import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { InvalidOptionError } from '../errors.js';
import { isUrl } from '../options/url.js';

/** At least two letters: a single one is a drive of Windows. */
const HAS_SCHEME = /^[a-z][a-z\d+.-]+:/i;

/**
 * Brings the pipeline's module into one form: a file URL, or a bare specifier, which the child resolves from its working
 * directory.
 * @throws {InvalidOptionError} If it is neither of these, nor an absolute path.
 */
export function normalizeModule(module: string | URL): string {
  if (isUrl(module) || (typeof module === 'string' && HAS_SCHEME.test(module))) {
    const url = new URL(isUrl(module) ? module.href : module);
    if (url.protocol === 'file:') return sourceOf(url).href;
    throw new InvalidOptionError('module', `the pipeline's module must be a file, not ${url.protocol}`);
  }
  if (typeof module !== 'string' || module === '') {
    throw new InvalidOptionError(
      'module',
      "the pipeline's module must be a file URL, an absolute path or the name of a package",
    );
  }
  if (isAbsolute(module)) return sourceOf(pathToFileURL(module)).href;
  if (/^\.{0,2}[/\\]/.test(module)) {
    const example = `new URL(${JSON.stringify(module)}, import.meta.url)`;
    throw new InvalidOptionError(
      'module',
      `${module} is a relative path, and the broker does not know the directory that it is relative to: give ${example}`,
    );
  }
  return module;
}

const SOURCES: Readonly<Record<string, string>> = { js: 'ts', mjs: 'mts', cjs: 'cts' };

/** TypeScript imports name the compiled file: `./pipeline.js` may stand for `pipeline.ts`. */
function sourceOf(url: URL): URL {
  const [, extension] = /\.([cm]?js)$/.exec(url.pathname) ?? [];
  const source = extension === undefined ? undefined : SOURCES[extension];
  if (source === undefined || existsSync(fileURLToPath(url))) return url;
  const candidate = new URL(url);
  candidate.pathname = url.pathname.replace(/[cm]?js$/, source);
  return existsSync(fileURLToPath(candidate)) ? candidate : url;
}
