import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Whether the process is running. A zombie, which its parent has not waited for, is not alive. */
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
    return false; // the process has just ended, or this system has no /proc
  }
}

/** Whether the process has closed its files. Its first thread may be a zombie while others still have them open. */
export function hasClosedFiles(pid: number): boolean {
  try {
    return !isAlive(pid) && readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true; // the process has just been waited for
  }
}

/** Resolves when the process has ended. Polls, because only children of this process have an event for that. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(5);
}

/** Blocks the event loop of this process until the condition holds. */
export function blockUntil(reached: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (!reached()) Atomics.wait(cell, 0, 0, 1);
}
