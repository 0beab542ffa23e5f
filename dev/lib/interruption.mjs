import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** How often to look whether npm is still there, in ms: its end is noticed well within a second. */
const checkInterval = 250;

/**
 * Raises SIGTERM in this process once the npm that started it is gone.
 *
 * npm runs a script under `sh -c`, and a SIGTERM to npm ends that shell alone; a SIGKILL not even that. Node cannot
 * hear about the end of a parent, but whoever loses one gets another, so the ids of the two above us tell.
 * Outside npm nothing is watched: whoever starts the script in the background may well go away.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const before = ancestors();
  // npm may have been stopped while this process was only starting.
  const late = process.ppid === 1 && !isNpm(1);
  const timer = setInterval(() => {
    if (!late && ancestors() === before) return;
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

/** @param {number} pid */
function isNpm(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('npm');
  } catch {
    return false;
  }
}

/** The process ids of our parent and, where the system tells, of its parent. */
function ancestors() {
  if (process.platform !== 'linux') return `${process.ppid}`;
  try {
    // proc(5): the name in brackets may hold anything; after it come the state and the parent's id.
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'latin1');
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`;
  } catch {
    return `${process.ppid}`;
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
