import { rm } from 'node:fs/promises';

import { errorCode } from '../error-code.js';
import type { Weights } from './choose-weights.js';
import { WeightsError } from './weights-error.js';

/**
 * Deletes downloaded weights from the cache if they are not a model. Otherwise every later start would fail on them,
 * even if the server sends the right file by then.
 *
 * @param error The reason why the model did not start.
 * @returns The error to throw: `error` itself if the weights are not at fault, or if they are the user's own file.
 */
export async function forgetUnusable({ file, url }: Weights, error: unknown): Promise<unknown> {
  const reason = error instanceof Error ? error : undefined;
  if (url === undefined || reason === undefined || !isUnusable(reason)) return error;
  try {
    await rm(file, { force: true });
  } catch {
    return error; // The error names the file, which is still there.
  }
  return new WeightsError(
    'ERR_WEIGHTS_UNUSABLE',
    `The file ${url.pathname} from ${url.host} is not usable, and the service has deleted it. Check the URL, then run the same command again. Reason: ${reason.message}`,
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
