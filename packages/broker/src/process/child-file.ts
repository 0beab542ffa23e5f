import { fileURLToPath } from 'node:url';

import { exists } from '../access.js';
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
  // The child may be able to read a file that this process may not.
  if (exists(file) === false) throw missingEntryError(file);
  return file;
}

function pathOf(path: string | URL): string {
  if (isUrl(path)) return fileURLToPath(path.href);
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}
