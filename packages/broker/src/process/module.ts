import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { InvalidOptionError, PipelineStartError } from '../errors.js';

/** Two letters at least: one is a drive of Windows. */
const HAS_SCHEME = /^[a-z][a-z\d+.-]+:/i;

/**
 * Brings what the user gave as the pipeline's module into one form: a file URL, or a bare specifier that the
 * child resolves from its working directory.
 * @throws InvalidOptionError where it is neither, nor an absolute path.
 */
export function normalizeModule(module: string | URL): string {
  if (module instanceof URL || (typeof module === 'string' && HAS_SCHEME.test(module))) {
    const url = new URL(module);
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
      `${module} is relative, and the broker cannot know to what: give ${example}`,
    );
  }
  return module;
}

const SOURCES: Readonly<Record<string, string>> = { js: 'ts', mjs: 'mts', cjs: 'cts' };

/** TypeScript is written as if it were compiled: `./pipeline.js` may mean `pipeline.ts`. */
function sourceOf(url: URL): URL {
  const [, extension] = /\.([cm]?js)$/.exec(url.pathname) ?? [];
  const source = extension === undefined ? undefined : SOURCES[extension];
  if (source === undefined || existsSync(fileURLToPath(url))) return url;
  const candidate = new URL(url);
  candidate.pathname = url.pathname.replace(/[cm]?js$/, source);
  return existsSync(fileURLToPath(candidate)) ? candidate : url;
}

/**
 * The flags with which Node can import the module: for TypeScript, those that load the `tsx` of the module's
 * own project, or none where Node strips types itself.
 * @throws PipelineStartError where neither is there.
 */
export function loaderFlags(module: string): readonly string[] {
  if (!module.startsWith('file:') || !/\.[cm]?tsx?$/.test(module)) return [];
  try {
    return ['--import', pathToFileURL(createRequire(module).resolve('tsx')).href];
  } catch (cause) {
    if ('typescript' in process.features && process.features.typescript !== false) return [];
    const message = `${module} is TypeScript, which this Node cannot run: install tsx beside it (npm install tsx), or give a compiled module`;
    throw new PipelineStartError(message, { cause });
  }
}

/** Flags that belong to the program that was started, not to its children. */
const OWN_FLAGS = /^--(inspect|watch|test|eval|print|input-type|check|interactive|cpu-prof|heap-prof|prof\b)/;
const EVAL_FLAGS = new Set(['-e', '-p', '-pe', '-i', '-c']);

/** This process's own flags, for a child: without the inspector's port, and without code given as a flag. */
export function inheritedFlags(): string[] {
  const flags: string[] = [];
  for (let i = 0; i < process.execArgv.length; i += 1) {
    const flag = process.execArgv[i] ?? '';
    // A word that is no flag is the value of the flag before it.
    const next = process.execArgv[i + 1];
    const value = next !== undefined && !next.startsWith('-') ? [next] : [];
    i += value.length;
    if (!EVAL_FLAGS.has(flag) && !OWN_FLAGS.test(flag)) flags.push(flag, ...value);
  }
  return flags;
}
