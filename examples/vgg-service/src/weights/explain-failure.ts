import { errorCode } from '../error-code.js';
import { WeightsError } from './weights-error.js';

/** Turns whatever ended a download into one line that says what to do. */
export function explain(error: unknown, url: URL, folder: string): WeightsError {
  if (error instanceof WeightsError) return error;
  const code = errorCode(error);
  const options = { cause: error };
  switch (code ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new WeightsError(
        'ERR_WEIGHTS_DISK',
        `The disk that holds ${folder} is full. Make room and run the same command again: the download goes on where it stopped.`,
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
        `${folder} cannot be written to (${code}). Set XDG_CACHE_HOME to a folder that can.`,
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
        `${url.host} cannot be reached (${code}). Check the network, or get ${url.href} elsewhere and give it with --weights FILE.`,
        options,
      );
    default: {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
      return new WeightsError(
        'ERR_WEIGHTS_INTERRUPTED',
        `The download from ${url.host} broke off (${code ?? reason}). Run the same command again: it goes on where it stopped.`,
        options,
      );
    }
  }
}
