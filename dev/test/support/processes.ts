import { execFileSync } from 'node:child_process';

/** A running process, as `ps` shows it. */
interface ProcessInfo {
  pid: number;
  parent: number;
  command: string;
}

/** Lists every process that `pid` has started, directly or indirectly. */
export function descendants(pid: number): ProcessInfo[] {
  const all = list();
  const found: ProcessInfo[] = [];
  const parents = new Set([pid]);
  // `ps` sorts by process id, and a child may have a lower id than its parent. So repeat until nothing is added.
  for (let added = true; added;) {
    const next = all.filter((process) => parents.has(process.parent) && !parents.has(process.pid));
    for (const process of next) parents.add(process.pid);
    found.push(...next);
    added = next.length > 0;
  }
  return found;
}

/** Returns the processes that still run. */
export function survivors(processes: readonly ProcessInfo[]): ProcessInfo[] {
  const now = new Map(list().map((process) => [process.pid, process.command]));
  return processes.filter(({ pid, command }) => now.get(pid) === command);
}

function list(): ProcessInfo[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // A zombie has ended, even if its parent has not read its exit status yet.
    if (pid === undefined || command === undefined || state?.startsWith('Z') === true) return [];
    return [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
