import type { ChildProcess } from 'node:child_process';

import { after } from '../timer.js';

/** How long a process may take to clean up after SIGTERM, in ms. */
const GRACE = 1_000;

/** Ends a process with SIGTERM, then with SIGKILL if that did not help (a handler that hangs, a stopped process). */
export function killEventually(child: ChildProcess): void {
  if (child.killed) return; // SIGTERM has been sent
  child.kill('SIGTERM');
  const timer = after(GRACE, () => child.kill('SIGKILL'));
  child.once('exit', () => {
    clearTimeout(timer);
  });
}
