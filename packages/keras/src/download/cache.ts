import { createHash } from 'node:crypto';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, posix } from 'node:path';

import { DownloadError } from '../errors.js';

/** The platform's folder for caches, and in it a folder for this package. */
export function defaultFolder(): string {
  return join(cachesOf(process.platform), 'dual-keras');
}

function cachesOf(platform: NodeJS.Platform): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (platform === 'win32') return local ?? join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  return xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg;
}

/** The path in a cache. A hash separates files of the same name, and those that were checked from those that were not. */
export function cachedFile(folder: string, url: URL, checksum: string | undefined): string {
  const mark = createHash('sha256')
    .update(`${url.href} ${checksum ?? ''}`)
    .digest('hex')
    .slice(0, 12);
  const name = posix.basename(url.pathname).replace(/[^\w.-]/gu, '_');
  return join(folder, `${mark}-${name || 'weights'}`);
}

/** Whether the file is in the cache. Makes the folder if there is none. */
export async function isCached(folder: string, file: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

/**
 * Checks the disk before a download starts.
 *
 * @param bytes Number of bytes still to come.
 * @throws {DownloadError} When the folder has less free space (`ERR_KERAS_DOWNLOAD_DISK`).
 */
export async function requireSpace(folder: string, bytes: number, url: URL): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new DownloadError(
    'ERR_KERAS_DOWNLOAD_DISK',
    `${folder} has ${Math.floor(free / 1e6)} MB free, but the download needs ${Math.ceil(bytes / 1e6)} MB. Free some space, or set cacheFolder or XDG_CACHE_HOME to a folder on another disk`,
    { url },
  );
}
