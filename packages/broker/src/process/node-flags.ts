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
const OWN_FLAGS =
  /^--(inspect|watch|test|eval|print|input-type|check|interactive|cpu-prof|heap-prof|prof\b|(build-)?snapshot)/;
const EVAL_FLAGS = new Set(['-e', '-p', '-pe', '-i', '-c']);

const LOADER_FLAGS = new Set(['--loader', '--experimental-loader']);
/** Flags whose value is always a path. */
const PATH_FLAGS = new Set([
  '--env-file',
  '--env-file-if-exists',
  '--openssl-config',
  '--icu-data-dir',
  '--experimental-config-file',
  '--localstorage-file',
  '--redirect-warnings',
  '--diagnostic-dir',
  '--report-dir',
  '--report-directory',
  '--tls-keylog',
  '--allow-fs-read',
  '--allow-fs-write',
]);

/** Where Node resolved this program's flags. The program may have changed its working directory since. */
const STARTED_IN = process.cwd();

/**
 * This program's own flags, for a child that starts in `cwd`: without the inspector's port, and without code given as a
 * flag. In another folder than this program's, they still mean the same files and packages.
 */
export function inheritedFlags(cwd: string | undefined): string[] {
  return forChild(process.execArgv, cwd);
}

/** The same for the flags in `NODE_OPTIONS`, as part of an environment. */
export function inheritedOptions(cwd: string | undefined): { readonly NODE_OPTIONS?: string } {
  const text = process.env['NODE_OPTIONS'];
  if (text === undefined) return {};
  return { NODE_OPTIONS: forChild(splitOptions(text), cwd).map(quoted).join(' ') };
}

function forChild(words: readonly string[], cwd: string | undefined): string[] {
  const isElsewhere = resolve(cwd ?? '.') !== STARTED_IN;
  const flags: string[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    const [name = '', ...rest] = word.split('=');
    // A word that is no flag is the value of the flag before it.
    const next = rest.length === 0 ? words[i + 1] : undefined;
    const itsWords = next === undefined || next.startsWith('-') ? [word] : [word, next];
    i += itsWords.length - 1;
    if (EVAL_FLAGS.has(name) || OWN_FLAGS.test(name)) continue;
    const value = rest.length > 0 ? rest.join('=') : itsWords[1];
    const elsewhere = isElsewhere && value !== undefined ? flagsElsewhere(name, value) : undefined;
    flags.push(...(elsewhere ?? itsWords));
  }
  return flags;
}

/**
 * Flags that mean the same in every folder as this flag means in the folder where the program was started. `undefined`: the
 * flag itself does.
 */
function flagsElsewhere(name: string, value: string): string[] | undefined {
  if (PATH_FLAGS.has(name) && value !== '*') return [name, resolve(STARTED_IN, value)];
  if (name === '-r' || name === '--require') return [name, requiredFile(value)];
  if (/^[a-z]{2,}:/i.test(value)) return undefined;
  const from = pathToFileURL(resolve(STARTED_IN, 'program.js')).href;
  const parameters = `${JSON.stringify(value)}, ${JSON.stringify(from)}`;
  // Only Node itself resolves a package as `import` does. It is asked in the child, by a module that names the folder.
  if (name === '--import') {
    const resolver = '--experimental-import-meta-resolve';
    return [resolver, name, dataUrl(`await import(import.meta.resolve(${parameters}))`)];
  }
  if (!LOADER_FLAGS.has(name)) return undefined;
  return ['--import', dataUrl(`import { register } from 'node:module'; register(${parameters})`)];
}

function requiredFile(value: string): string {
  try {
    return createRequire(resolve(STARTED_IN, 'program.js')).resolve(value);
  } catch {
    return value;
  }
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** The words of `NODE_OPTIONS`, which Node separates by blanks outside of double quotes. */
function splitOptions(text: string): string[] {
  const words = text.match(/(?:[^ "]|"(?:[^"\\]|\\.)*"?)+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:[^"\\]|\\.)*)"?/g, (_, inner: string) => inner.replace(/\\(.)/g, '$1')),
  );
}

function quoted(word: string): string {
  return /[ "]/.test(word) ? `"${word.replace(/["\\]/g, '\\$&')}"` : word;
}
