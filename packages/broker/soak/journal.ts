import { existsSync, readFileSync } from 'node:fs';

/** The child began to run a call: written by the child itself, so it is true whatever became of it. */
export interface Start {
  readonly id: number;
  readonly attempt: number;
  readonly pid: number;
}

/**
 * All starts under one broker, in their order. Its processes append to one file, each line by one write, which
 * the kernel keeps whole and in order, also for a process that is killed right after.
 */
export function readJournal(path: string): Start[] {
  if (!existsSync(path)) return []; // no process got so far
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [id = NaN, attempt = NaN, pid = NaN] = line.split(' ').map(Number);
    if (![id, attempt, pid].every(Number.isInteger))
      throw new Error(`a line of the journal is torn: ${line}`);
    return { id, attempt, pid };
  });
}
