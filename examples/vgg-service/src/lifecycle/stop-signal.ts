import { performance } from 'node:perf_hooks';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** A signal that stops the service. */
export type StopSignal = keyof typeof exitCodes;

/**
 * A terminal sends Ctrl-C to npm and to the service, and npm forwards it. So two signals within this time, in ms, are
 * the same key press.
 */
const SAME_SIGNAL_MS = 250;

/**
 * Calls `onFirst` on the first signal. The second signal ends the process at once, and the model's process ends when it
 * notices.
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
