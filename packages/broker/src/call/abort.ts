import { showingWhoAwaits } from './call-site.js';

/** Listeners of each signal. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `run` when the signal is aborted. The signal gets one event listener, however many wait for it: for more than
 * ten Node prints a warning about a leak.
 * @returns A function that ends the waiting.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const runs = listeners.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    runs.delete(run);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  listeners.set(signal, runs);
  signal.addEventListener(
    'abort',
    () => {
      listeners.delete(signal);
      for (const run of runs) run();
    },
    { once: true },
  );
  return runs;
}

/**
 * Settles as the promise does, or rejects with the error of `reason` as soon as the signal is aborted. If `reason`
 * returns `undefined`, the promise is about to settle and decides.
 */
export function abandonable<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  reason: () => Error | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => {
      const error = reason();
      if (error !== undefined) resolve(showingWhoAwaits(error));
    };
    if (signal.aborted) leave();
    promise.then(resolve, reject).finally(onAbort(signal, leave));
  });
}
