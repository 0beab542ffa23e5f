import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { noLoaderError } from './process-errors.js';

/**
 * The flags with which Node can import the module. For TypeScript, they load the `tsx` of the module's own project; if
 * there is none and Node strips types itself, no flags are needed.
 * @throws {PipelineStartError} If the module is TypeScript and nothing can load it.
 */
export function loaderFlags(module: string): readonly string[] {
  // So that the child can resolve the name of a package from its working directory.
  if (!module.startsWith('file:')) return ['--experimental-import-meta-resolve'];
  if (!/\.[cm]?tsx?$/.test(new URL(module).pathname)) return [];
  try {
    return ['--import', pathToFileURL(createRequire(module).resolve('tsx')).href];
  } catch (cause) {
    if ('typescript' in process.features && process.features.typescript !== false) return [];
    throw noLoaderError(module, cause);
  }
}

/** Flags that are for the started program alone, not for its children. */
const OWN_FLAGS = /^--(inspect|watch|test|eval|print|input-type|check|interactive|cpu-prof|heap-prof|prof\b)/;
const EVAL_FLAGS = new Set(['-e', '-p', '-pe', '-i', '-c']);

/** Flags whose value is a module: its URL, path or package. */
const MODULE_FLAGS = new Set(['--import', '--loader', '--experimental-loader', '-r', '--require']);
/** Flags whose value is always a path. */
const PATH_FLAGS = new Set([
  '--env-file',
  '--env-file-if-exists',
  '--openssl-config',
  '--icu-data-dir',
  '--experimental-config-file',
  '--redirect-warnings',
  '--report-dir',
  '--report-directory',
]);

/**
 * This process's own flags for a child: without the inspector's port, and without code given as a flag. Relative paths
 * become absolute, because the child may have another working directory.
 */
export function inheritedFlags(): string[] {
  const flags: string[] = [];
  for (let i = 0; i < process.execArgv.length; i += 1) {
    const flag = process.execArgv[i] ?? '';
    // A word that is no flag is the value of the flag before it.
    const next = process.execArgv[i + 1];
    const value = next !== undefined && !next.startsWith('-') ? [next] : [];
    i += value.length;
    if (EVAL_FLAGS.has(flag) || OWN_FLAGS.test(flag)) continue;
    const [name = '', ...rest] = flag.split('=');
    if (rest.length > 0) flags.push(`${name}=${absolute(name, rest.join('='))}`);
    else flags.push(flag, ...value.map((word) => absolute(name, word)));
  }
  return flags;
}

function absolute(flag: string, value: string): string {
  if (PATH_FLAGS.has(flag)) return resolve(value);
  if (!MODULE_FLAGS.has(flag) || /^[a-z]{2,}:/i.test(value)) return value;
  const isRequired = flag === '-r' || flag === '--require';
  if (/^\.{1,2}[/\\]/.test(value)) return isRequired ? resolve(value) : pathToFileURL(resolve(value)).href;
  try {
    // A package that this program has, and the child's working directory may lack.
    const found = createRequire(resolve('program.js')).resolve(value);
    return isRequired ? found : pathToFileURL(found).href;
  } catch {
    return value;
  }
}
