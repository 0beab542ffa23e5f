import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import { noLoaderError } from './process-errors.js';

/**
 * The flags with which Node can import the module. For TypeScript, they load the `tsx` of the module's own project; if
 * there is none and Node strips types itself, no flags are needed.
 * @throws {PipelineStartError} If the module is TypeScript and nothing can load it.
 */
export function loaderFlags(module: string): readonly string[] {
  if (!module.startsWith('file:') || !/\.[cm]?tsx?$/.test(module)) return [];
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

/** This process's own flags for a child: without the inspector's port, and without code given as a flag. */
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
