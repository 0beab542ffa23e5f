import { setTimeout } from 'node:timers/promises';

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the process is gone. A process that is no child of ours has no event that tells so. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(5);
}

/** Blocks this process's event loop until the condition holds. */
export function blockUntil(reached: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!reached()) Atomics.wait(cell, 0, 0, 1);
}
