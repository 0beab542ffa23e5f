import { statfs } from 'node:fs/promises';

import { WeightsError } from './weights-error.js';

/** @throws {WeightsError} `ERR_WEIGHTS_DISK` before a download that cannot end well is begun. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes) {
    throw new WeightsError(
      'ERR_WEIGHTS_DISK',
      `${folder} has ${Math.floor(free / 1e6)} MB free, the weights need ${Math.ceil(bytes / 1e6)} MB. Make room, or set XDG_CACHE_HOME to a place that has it.`,
    );
  }
}
