import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { exists } from '../access.js';
import { InvalidOptionError } from '../errors.js';
import { isUrl } from '../options/url.js';

/** At least two letters: a single one is a drive of Windows. */
const HAS_SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** Set in a child: the module that its pipeline comes from. */
const OWN_MODULE = Symbol.for('@dual/broker/own-module');

/**
 * Brings the pipeline's module into one form: a file URL, or a bare specifier, which the child resolves from its working
 * directory.
 * @param cwd The child's working directory.
 * @throws {InvalidOptionError} If it is neither of these, nor an absolute path. Also if this process is the child of a
 * broker with the same module: each process would start another one.
 */
export function normalizeModule(module: string | URL, cwd: string | undefined): string {
  const normal = normalForm(module, cwd);
  if (/\.json$/i.test(withoutQuery(normal)))
    throw refusal(
      `${normal} is JSON, and makes no pipeline: give a module that exports a class or a function`,
    );
  const own: unknown = Reflect.get(globalThis, OWN_MODULE);
  if (typeof own !== 'string' || withoutQuery(own) !== withoutQuery(normal)) return normal;
  throw refusal(
    `${normal} is the pipeline's own module. To construct the pipeline, a process loads it, and would start a process again, without end. Put the pipeline into a file of its own, which starts no broker`,
  );
}

function normalForm(module: unknown, cwd: string | undefined): string {
  if (isUrl(module) || (typeof module === 'string' && HAS_SCHEME.test(module))) {
    const url = new URL(isUrl(module) ? module.href : module);
    if (url.protocol === 'file:') return sourceOf(url).href;
    throw refusal(`the pipeline's module must be a file, not ${url.protocol}`);
  }
  if (typeof module === 'function') {
    throw refusal(
      `the pipeline's module must be a file, not a ${isClass(module) ? 'class' : 'function'}: another process constructs the pipeline, and loads it from there. Export it as default from a file of its own, and give ${howToName('./pipeline.js')}`,
    );
  }
  if (typeof module !== 'string' || module === '')
    throw refusal("the pipeline's module must be a file URL, an absolute path or the name of a package");
  if (isAbsolute(module)) return sourceOf(pathToFileURL(module)).href;
  if (/^\.{0,2}[/\\]/.test(module)) {
    throw refusal(
      `${module} is a relative path, and the broker does not know the directory that it is relative to: give ${howToName(module)}`,
    );
  }
  // A package may have such a name, too.
  if (/\.[cm]?[jt]sx?$/.test(module) && exists(resolve(cwd ?? '', module)) === true)
    throw refusal(`${module} would be the name of a package. For the file, give ${howToName(`./${module}`)}`);
  return module;
}

function refusal(message: string): InvalidOptionError {
  return new InvalidOptionError('module', message);
}

function howToName(path: string): string {
  const quoted = JSON.stringify(path);
  return `new URL(${quoted}, import.meta.url), or in CommonJS require.resolve(${quoted})`;
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function withoutQuery(module: string): string {
  return module.replace(/[?#].*$/, '');
}

const SOURCES: Readonly<Record<string, string>> = { js: 'ts', mjs: 'mts', cjs: 'cts' };

/** TypeScript imports name the compiled file: `./pipeline.js` may stand for `pipeline.ts`. */
function sourceOf(url: URL): URL {
  const [, extension] = /\.([cm]?js)$/.exec(url.pathname) ?? [];
  const source = extension === undefined ? undefined : SOURCES[extension];
  if (source === undefined || exists(fileURLToPath(url)) !== false) return url;
  const candidate = new URL(url);
  candidate.pathname = url.pathname.replace(/[cm]?js$/, source);
  return exists(fileURLToPath(candidate)) === true ? candidate : url;
}
