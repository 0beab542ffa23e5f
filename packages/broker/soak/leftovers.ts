import { readdirSync, readFileSync } from 'node:fs';

/** Resources that still exist after `close()`. */
export interface Leftovers {
  /** Process ids of the remaining children. */
  readonly children: readonly number[];
  /** Number of open file descriptors, minus the number before the round. */
  readonly descriptors: number;
}

/** Process ids of the children of `parent`, including zombies. Linux only. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && processStatus(pid)?.parent === parent);
}

export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Whether the process is running. A zombie is not. Linux only. */
export function isRunning(pid: number): boolean {
  const status = processStatus(pid);
  return status !== undefined && status.state !== 'Z' && status.state !== 'X';
}

function processStatus(pid: number): { state: string; parent: number } | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // the process is gone
  }
  // The name stands in parentheses and may contain any character. Spaces separate the fields after it.
  const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
