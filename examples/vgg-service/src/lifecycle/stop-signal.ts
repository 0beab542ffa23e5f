import { performance } from 'node:perf_hooks';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** How a stop was asked for. */
export type StopSignal = keyof typeof exitCodes;

/** A terminal sends Ctrl-C to every program in it, and npm sends it on: what comes this close is the same one, in ms. */
const SAME_SIGNAL_MS = 250;

/**
 * Calls back on the first signal; the second ends the process at once. The child notices that this process is gone,
 * and goes too.
 */
export function onStopSignal(onFirst: (signal: StopSignal) => void): void {
  let askedAt: number | undefined;
  const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) {
    process.on(signal, () => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        onFirst(signal);
      } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
        process.exit(exitCodes[signal]);
      }
    });
  }
}
