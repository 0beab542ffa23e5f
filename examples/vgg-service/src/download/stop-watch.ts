import { DownloadError } from './download-error.js';

/** How long one download may take, in milliseconds. */
export interface DownloadTimes {
  /** From the first byte sent to the last one read, redirects and all. */
  total: number;
  /** Without any sign of life from the server. */
  idle: number;
}

/**
 * One signal for everything that can end a download early: the caller, the total time, the idle time.
 * Its reason is the caller's own, or a DownloadError `ERR_UPSTREAM_TIMEOUT`.
 */
export function stopWatch(host: string, times: DownloadTimes, caller: AbortSignal) {
  const controller = new AbortController();
  const timeUp = (message: string) => () => {
    controller.abort(new DownloadError('ERR_UPSTREAM_TIMEOUT', message));
  };
  const total = setTimeout(
    timeUp(`${host} took more than ${times.total / 1000} s to send the image.`),
    times.total,
  );
  const idle = setTimeout(timeUp(`${host} sent nothing for ${times.idle / 1000} s.`), times.idle);
  return {
    signal: AbortSignal.any([controller.signal, caller]),
    /** The server has shown a sign of life. */
    alive: () => void idle.refresh(),
    [Symbol.dispose]: () => {
      clearTimeout(total);
      clearTimeout(idle);
    },
  };
}
