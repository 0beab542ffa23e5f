import { errorCode } from '../error-code.js';
import { WeightsError } from './weights-error.js';

/** Converts the error that ended a download to one line that says what to do. */
export function explain(error: unknown, url: URL, folder: string): WeightsError {
  if (error instanceof WeightsError) return error;
  const code = errorCode(error);
  const options = { cause: error };
  switch (code ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WeightsError(
        'ERR_WEIGHTS_DISK',
        `The disk that holds ${folder} is full. Free some space and run the same command again. The download will resume.`,
        options,
      );
    case 'EACCES':
    case 'EROFS':
    case 'EPERM':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EIO':
      return new WeightsError(
        'ERR_WEIGHTS_DISK',
        `${folder} is not writable (${code}). Set XDG_CACHE_HOME to a writable folder.`,
        options,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ECONNREFUSED':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ETIMEDOUT':
      return new WeightsError(
        'ERR_WEIGHTS_UNREACHABLE',
        `${url.host} cannot be reached (${code}). Check the network, or download ${url.href} on another machine and use it with --weights FILE.`,
        options,
      );
    default: {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      return new WeightsError(
        'ERR_WEIGHTS_INTERRUPTED',
        `The download from ${url.host} was interrupted (${code ?? reason}). Run the same command again. The download will resume if the server supports it.`,
        options,
      );
    }
  }
}
