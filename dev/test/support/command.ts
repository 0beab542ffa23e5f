import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { afterEach } from '@jest/globals';

/** The end of a command: its exit code or signal, and the lines of stdout and stderr in order of arrival. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  lines: string[];
}

export interface Command {
  child: ChildProcess;
  /** The process id. It is also the id of the process group that the command leads. */
  pid: number;
  /** Resolves with the first line that matches. If the command ends before, it rejects with the whole output. */
  line: (pattern: RegExp) => Promise<string>;
  /** Resolves when the command, and every process that inherited its output, has ended. */
  ended: Promise<Outcome>;
}

const running = new Set<number>();

afterEach(() => {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
});

/** Starts a command as the leader of a process group of its own, as an interactive shell does. */
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
        reject(
          new Error(
            `${file} ended before it printed a line that matches ${String(pattern)}:\n${lines.join('\n')}`,
          ),
        );
      });
    });
  return { child, pid, line, ended };
}

/** Runs a command until it ends. */
export function run(...command: Parameters<typeof start>): Promise<Outcome> {
  return start(...command).ended;
}

/**
 * Runs a command until it ends, and returns its output.
 *
 * @throws {Error} When the exit code is not 0. The message contains the output.
 */
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
    // ESRCH: the group has already ended.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
