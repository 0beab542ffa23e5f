import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { afterEach } from '@jest/globals';

/** How a command ended: its exit code or signal, and the lines it printed, stdout and stderr in order of arrival. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  lines: string[];
}

export interface Command {
  child: ChildProcess;
  /** Process id, which is also the id of the process group that the command leads. */
  pid: number;
  /** Resolves with the first line that matches; rejects with all that was printed when the command ends before. */
  line: (pattern: RegExp) => Promise<string>;
  /** Resolves when the command, and everything that inherited its output, is gone. */
  ended: Promise<Outcome>;
}

const running = new Set<number>();

afterEach(() => {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
});

/** Starts a command as the leader of a process group of its own, as a shell does for what a user types. */
export function start(
  file: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string | undefined>> },
): Command {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  running.add(pid);

  const lines: string[] = [];
  const listeners = new Set<() => void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Outcome>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(pid);
      resolve({ code, signal, lines });
    });
  });

  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find((candidate) => pattern.test(candidate));
        if (found !== undefined) resolve(found);
      };
      listeners.add(look);
      look();
      void ended.then(() => {
        reject(new Error(`${file} ended without a line ${String(pattern)}:\n${lines.join('\n')}`));
      });
    });
  return { child, pid, line, ended };
}

/** Runs a command to its end. */
export function run(...command: Parameters<typeof start>): Promise<Outcome> {
  return start(...command).ended;
}

/** Runs a command to its end and returns what it printed, or throws with it where the exit code is not 0. */
export async function output(...command: Parameters<typeof start>): Promise<string> {
  const { code, signal, lines } = await run(...command);
  const text = lines.join('\n');
  if (code !== 0)
    throw new Error(`${command[0]} ${command[1].join(' ')} ended with ${String(code ?? signal)}:\n${text}`);
  return text;
}

/** Sends a signal to every process of a group, as a terminal does on Ctrl-C. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the group is gone already.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
