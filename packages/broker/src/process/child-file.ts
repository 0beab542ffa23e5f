import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { childBesides } from '../location.js';
import { isUrl } from '../options/url.js';
import { missingEntryError } from './process-errors.js';

/**
 * The main file of the child.
 * @param workerPath The option.
 * @throws {PipelineStartError} If the file does not exist.
 */
export function childFile(workerPath: string | URL | undefined): string {
  const file = workerPath === undefined ? childBesides() : pathOf(workerPath);
  if (existsSync(file)) return file;
  throw missingEntryError(file);
}

function pathOf(path: string | URL): string {
  if (isUrl(path)) return fileURLToPath(path.href);
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}
