import { constants } from 'node:os';

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** How often to look whether npm is still there, in ms. */
const checkInterval = 250;

/**
 * Raises SIGTERM in this process when the npm that started it was killed. npm passes all signals on, but SIGKILL ends it
 * before it can. Without npm nothing is watched: a program that starts the script in the background may well end.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const npm = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, checkInterval);
  timer.unref();
}

/**
 * Runs `work` with an AbortSignal that fires when this process is told to stop. When `work` has cleaned up and returned,
 * the process ends with the exit code that a shell gives for that signal.
 *
 * @template T
 * @param {(stop: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const stop = new AbortController();
  /** @param {NodeJS.Signals} signal */
  const onSignal = (signal) => {
    stop.abort(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    if (stop.signal.aborted)
      process.exit(128 + constants.signals[/** @type {NodeJS.Signals} */ (stop.signal.reason)]);
    for (const signal of signals) process.off(signal, onSignal);
  }
}
