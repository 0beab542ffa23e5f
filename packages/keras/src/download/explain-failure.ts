import { DownloadError } from '../errors.js';
import { reasonOf } from '../reason.js';

const DISK_IS_FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
const NOT_WRITABLE = ['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST', 'ENOENT', 'EIO'];
const NOT_REACHABLE = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT'];

/** Converts the error that ended a download to one that says what to do. */
export function explain(error: unknown, url: URL, folder: string): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = systemCode(error) ?? '';
  const details = { url, cause: error };
  if (DISK_IS_FULL.includes(code))
    return new DownloadError(
      'ERR_KERAS_DOWNLOAD_DISK',
      `The disk that holds ${folder} is full (${code}). Free some space and try again: the download resumes`,
      details,
    );
  if (NOT_WRITABLE.includes(code))
    return new DownloadError(
      'ERR_KERAS_DOWNLOAD_DISK',
      `${folder} is not writable (${code}). Set cacheFolder or XDG_CACHE_HOME to a writable folder`,
      details,
    );
  if (NOT_REACHABLE.includes(code))
    return new DownloadError(
      'ERR_KERAS_DOWNLOAD_UNREACHABLE',
      `${url.host} cannot be reached (${code}). Check the network, or download ${url.href} on another machine and use that file`,
      details,
    );
  return new DownloadError(
    'ERR_KERAS_DOWNLOAD_INTERRUPTED',
    `The download from ${url.host} was interrupted (${code === '' ? reasonOf(error) : code}). Try again: the download resumes if the server supports it`,
    details,
  );
}

/** Whether a system error is the disk's, not the network's. Another attempt would not help then. */
export function isLocal(error: unknown): boolean {
  return [...DISK_IS_FULL, ...NOT_WRITABLE].includes(systemCode(error) ?? '');
}

/** The `code` of a system error. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
