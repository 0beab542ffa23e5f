/** Who waits for each signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `run` when the signal is aborted. However many wait for one signal, it gets a single listener: for
 * more than ten Node warns of a leak.
 * @returns What ends the waiting.
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const runs = waiting.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    runs.delete(run);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  waiting.set(signal, runs);
  signal.addEventListener(
    'abort',
    () => {
      waiting.delete(signal);
      for (const run of runs) run();
    },
    { once: true },
  );
  return runs;
}
