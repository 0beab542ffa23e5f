import type { ChildProcess } from 'node:child_process';

import { after } from '../timer.js';

/** How long a process may take to clean up after SIGTERM, in ms. */
const GRACE = 1_000;

/**
 * Ends a process with SIGTERM, then with SIGKILL if that did not help (a handler that hangs, a stopped process).
 * @param onRefused Called if the system refuses a signal, for example after `setuid` in this process.
 */
export function killEventually(child: ChildProcess, onRefused: () => void): void {
  if (child.killed) return; // SIGTERM has been sent
  signal(child, 'SIGTERM', onRefused);
  const timer = after(GRACE, () => {
    signal(child, 'SIGKILL', onRefused);
  });
  child.once('exit', () => {
    clearTimeout(timer);
  });
}

/** Ends a process with SIGKILL. @param onRefused Called if the system refuses the signal. */
export function killAtOnce(child: ChildProcess, onRefused: () => void): void {
  signal(child, 'SIGKILL', onRefused);
}

function signal(child: ChildProcess, name: NodeJS.Signals, onRefused: () => void): void {
  if (!child.kill(name) && child.exitCode === null && child.signalCode === null) onRefused();
}
