import { readdirSync, readFileSync } from 'node:fs';

/** What a broker left behind when it was closed. */
export interface Leftovers {
  /** Process ids of children that are still there. */
  readonly children: readonly number[];
  /** Open descriptors more than before. */
  readonly descriptors: number;
}

/** Process ids of this process's children, dead ones that nobody waited for included. Linux only. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && processStatus(pid)?.parent === parent);
}

export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Whether the process runs: one that has ended, and that nobody has waited for yet, does not. Linux only. */
export function isRunning(pid: number): boolean {
  const status = processStatus(pid);
  return status !== undefined && status.state !== 'Z' && status.state !== 'X';
}

function processStatus(pid: number): { state: string; parent: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // gone
  }
  // The name, in brackets, may hold anything; what follows it is separated by blanks.
  const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
