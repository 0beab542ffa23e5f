import { constants } from 'node:os';

import { watchRunner } from './runner-watch.mjs';

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** How often to look whether npm is still there, in ms: its end is noticed well within a second. */
const checkInterval = 250;

/**
 * Raises SIGTERM in this process once the npm that started it is gone.
 *
 * Outside npm nothing is watched: whoever starts the script in the background may well go away.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const isGone = watchRunner();
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, checkInterval);
  timer.unref();

  // Who stops already must not be told twice: to many programs the second signal means "at once".
  for (const signal of signals) {
    process.once(signal, () => {
      clearInterval(timer);
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

/**
 * Runs `work` with an AbortSignal that fires when this process is told to stop. The process then ends with the code
 * that a shell gives for that signal, but not before `work` has tidied up and returned.
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
