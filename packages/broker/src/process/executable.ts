import process from 'node:process';

import type { Environment } from '../options/options.js';
import { notNodeError } from './process-errors.js';

/** The program that runs a child, and what it needs in its environment. */
export interface Executable {
  readonly file: string;
  readonly env: Environment;
}

/** Makes Electron's executable behave as Node. */
const AS_NODE: Environment = { ELECTRON_RUN_AS_NODE: '1' };

/**
 * @param execPath The option.
 * @throws {PipelineStartError} If this process is not run by Node, and the option is not given.
 */
export function executable(execPath: string | undefined): Executable {
  const isElectron = process.versions['electron'] !== undefined;
  if (execPath !== undefined) return { file: execPath, env: isElectron ? AS_NODE : {} };
  if (process.versions['bun'] !== undefined) throw notNodeError('this program is run by Bun');
  if (isSingleExecutable()) throw notNodeError('this program is a single executable application');
  return { file: process.execPath, env: isElectron ? AS_NODE : {} };
}

/** Not imported: other runtimes have no such module. */
function isSingleExecutable(): boolean {
  const sea: unknown = process.getBuiltinModule('node:sea');
  if (typeof sea !== 'object' || sea === null) return false;
  const isSea: unknown = Reflect.get(sea, 'isSea');
  return typeof isSea === 'function' && Reflect.apply(isSea, sea, []) === true;
}
