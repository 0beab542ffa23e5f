import { rm } from 'node:fs/promises';

import { errorCode } from '../error-code.js';
import type { ChosenModel } from './choose-model.js';

/**
 * Deletes a downloaded file from the cache if it is not a model. Otherwise every later start would fail on it, even if
 * the server sends the right file by then.
 *
 * @param error The reason why the model did not start.
 * @returns The error to throw: `error` itself if the file is not at fault, or if it is the user's own file.
 */
export async function forgetUnusable({ file, url }: ChosenModel, error: unknown): Promise<unknown> {
  if (url === undefined || !(error instanceof Error) || !isUnusable(error)) return error;
  try {
    await rm(file, { force: true });
  } catch {
    return error; // The error names the file, which is still there.
  }
  return new Error(
    `The file ${url.pathname} from ${url.host} is not usable, and the service has deleted it. Check the URL, then run the same command again. Reason: ${error.message}`,
    { cause: error },
  );
}

/**
 * Identifies a ModelFileError by its name: after it crosses the process boundary, it is not an instance of the class.
 * If only the orientation of the kernels is unknown, the file is intact, and the command line lacks a flag.
 */
function isUnusable(error: Error): boolean {
  return error.name === 'ModelFileError' && errorCode(error) !== 'ERR_KERAS_KERNEL_ORIENTATION';
}
