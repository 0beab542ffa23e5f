import { rm } from 'node:fs/promises';

import { errorCode } from '../error-code.js';
import type { Weights } from './choose-weights.js';
import { WeightsError } from './weights-error.js';

/**
 * Takes fetched weights that are no model out of the cache: every later start would fail on them too, though the
 * server may have been put right by then.
 *
 * @param error Why the model did not start.
 * @returns What to throw instead; `error` itself where the weights are not at fault, or are a file of the user's own.
 */
export async function forgetUnusable({ file, url }: Weights, error: unknown): Promise<unknown> {
  const reason = error instanceof Error ? error : undefined;
  if (url === undefined || reason === undefined || !isUnusable(reason)) return error;
  try {
    await rm(file, { force: true });
  } catch {
    return error; // It names the file, which is still there.
  }
  return new WeightsError(
    'ERR_WEIGHTS_UNUSABLE',
    `What ${url.host} sent for ${url.pathname} cannot be used, and has been thrown away: check the URL, then run the same command again. The reason: ${reason.message}`,
    { cause: error },
  );
}

/**
 * A ModelFileError, told by its name: one that crossed the process boundary is no instance of the class any more.
 * A file whose kernels are of unknown orientation is whole; a flag on the command line is what it lacks.
 */
function isUnusable(error: Error): boolean {
  return error.name === 'ModelFileError' && errorCode(error) !== 'ERR_KERAS_KERNEL_ORIENTATION';
}
