import { statfs } from 'node:fs/promises';

import { WeightsError } from './weights-error.js';

/**
 * Checks the disk before a download starts.
 *
 * @param bytes Number of bytes still to come.
 * @throws {WeightsError} When the folder has less free space (`ERR_WEIGHTS_DISK`).
 */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < bytes) {
    throw new WeightsError(
      'ERR_WEIGHTS_DISK',
      `${folder} has ${Math.floor(free / 1e6)} MB free, but the download needs ${Math.ceil(bytes / 1e6)} MB. Free some space, or set XDG_CACHE_HOME to a folder on another disk.`,
    );
  }
}
