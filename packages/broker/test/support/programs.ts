import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { afterEach } from '@jest/globals';

import { fixture } from './brokers.js';

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

export interface Program {
  readonly process: ChildProcess;
  /** Resolves to the next line of stdout that matches. Rejects if the program ends before that. */
  readonly line: (wanted: RegExp) => Promise<RegExpExecArray>;
  /** Resolves when the program has ended. */
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of `test/fixtures/programs` as the parent process of a broker. */
export function runProgram(name: string, args: readonly string[] = [], command?: readonly string[]): Program {
  const { NODE_OPTIONS: _ofJest, ...env } = process.env;
  const [file = '', ...before] = command ?? [process.execPath];
  const child = spawn(file, [...before, new URL(name, fixture('programs/')).pathname, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  running.add(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const ended = collect(child, (text) => {
    lines.push(text);
    for (const wake of [...waiting]) wake();
  });
  const line = async (wanted: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      for (let text = lines.shift(); text !== undefined; text = lines.shift()) {
        const match = wanted.exec(text);
        if (match !== null) return match;
      }
      await new Promise<void>((resolve, reject) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
        void ended.then(({ stderr }) => {
          reject(new Error(`the program ended before it wrote ${String(wanted)}: ${stderr}`));
        });
      });
    }
  };
  return { process: child, line, ended };
}

function collect(child: ChildProcess, onLine: (text: string) => void): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      stdout += `${text}\n`;
      onLine(text);
    });
  }
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      running.delete(child);
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
}
