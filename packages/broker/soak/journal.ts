import { existsSync, readFileSync } from 'node:fs';

/** The start of a call. The child itself writes it, so it is true even if the child dies right after. */
export interface Start {
  readonly id: number;
  readonly attempt: number;
  readonly pid: number;
  /** Calls of one process with the same number run together, as a batch. */
  readonly run: number;
}

/**
 * Reads all starts of one broker, in their order. Its processes append each line to one file with a single write. The
 * kernel keeps each write whole and in order, even if the process is killed right after.
 */
export function readJournal(path: string): Start[] {
  if (!existsSync(path)) return []; // no process constructed its pipeline
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [id = NaN, attempt = NaN, pid = NaN, run = NaN] = line.split(' ').map(Number);
    if (![id, attempt, pid, run].every(Number.isInteger))
      throw new Error(`the journal has an incomplete line: ${line}`);
    return { id, attempt, pid, run };
  });
}
