import { DownloadError } from './download-error.js';

/** Time limits of one download, in ms. */
export interface DownloadTimes {
  /** From the first request to the last byte of the image, including redirects. */
  total: number;
  /** Longest pause without an answer or a chunk from the server. */
  idle: number;
}

/**
 * Makes one signal for everything that ends a download early: the caller, the total time limit, the idle time limit.
 * Its reason is the caller's own reason, or a DownloadError with the code `ERR_UPSTREAM_TIMEOUT`.
 */
export function stopWatch(host: string, times: DownloadTimes, caller: AbortSignal) {
  const controller = new AbortController();
  const timeUp = (message: string) => () => {
    controller.abort(new DownloadError('ERR_UPSTREAM_TIMEOUT', message));
  };
  const total = setTimeout(
    timeUp(`${host} took more than ${times.total / 1000} s to send the image. Try again later.`),
    times.total,
  );
  const idle = setTimeout(
    timeUp(`${host} sent nothing for ${times.idle / 1000} s. Try again later.`),
    times.idle,
  );
  return {
    signal: AbortSignal.any([controller.signal, caller]),
    /** Restarts the idle time limit. */
    alive: () => void idle.refresh(),
    [Symbol.dispose]: () => {
      clearTimeout(total);
      clearTimeout(idle);
    },
  };
}
