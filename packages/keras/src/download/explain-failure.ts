import { DownloadError } from '../errors.js';
import { reasonOf } from '../reason.js';

/** Converts the error that ended a download to one that says what to do. */
export function explain(error: unknown, url: URL, folder: string): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = systemCode(error);
  const details = { url, cause: error };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new DownloadError(
        'ERR_KERAS_DOWNLOAD_DISK',
        `The disk that holds ${folder} is full (${code}). Free some space and try again: the download resumes`,
        details,
      );
    case 'EACCES':
    case 'EROFS':
    case 'EPERM':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
    case 'EIO':
      return new DownloadError(
        'ERR_KERAS_DOWNLOAD_DISK',
        `${folder} is not writable (${code}). Set cacheFolder or XDG_CACHE_HOME to a writable folder`,
        details,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ECONNREFUSED':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
      return new DownloadError(
        'ERR_KERAS_DOWNLOAD_UNREACHABLE',
        `${url.host} cannot be reached (${code}). Check the network, or download ${url.href} on another machine and use that file`,
        details,
      );
    default:
      return new DownloadError(
        'ERR_KERAS_DOWNLOAD_INTERRUPTED',
        `The download from ${url.host} was interrupted (${code ?? reasonOf(error)}). Try again: the download resumes if the server supports it`,
        details,
      );
  }
}

/** Whether the disk is at fault, not the network. Another attempt would not help then. */
export function isLocal(error: unknown): boolean {
  return explain(error, new URL('http://localhost'), '').code === 'ERR_KERAS_DOWNLOAD_DISK';
}

/** The `code` of a system error. */
export function systemCode(error: unknown): string | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
