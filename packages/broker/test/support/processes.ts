import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** One that has ended is not alive, also where its parent, or who has inherited it, has not asked how it ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // it is just gone, or this system has no such files
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
