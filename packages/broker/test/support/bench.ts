import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterEach } from '@jest/globals';

const main = new URL('../../bench/dist/main.js', import.meta.url).pathname;

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
});

export interface BenchRun {
  readonly process: ChildProcess;
  /** Resolves when its output holds that text. */
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<BenchEnd>;
}

export interface BenchEnd {
  readonly code: number | null;
  readonly output: string;
  /** Whether a process that it started is still there. */
  readonly leftovers: boolean;
}

/**
 * Runs the built benchmark.
 * @param temporary Where its lock is, so that it does not wait for one that a user runs.
 */
export function bench(temporary: string, ...args: readonly string[]): BenchRun {
  const { NODE_OPTIONS: _ofJest, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...env, TMPDIR: temporary },
    // A process group of its own: who is left in it tells who was left behind.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      child.emit('output');
    });
  }
  const says = async (text: string): Promise<void> => {
    while (!output.includes(text)) await once(child, 'output');
  };
  const ended = once(child, 'close').then((): BenchEnd => {
    running.delete(child);
    return { code: child.exitCode, output, leftovers: hasGroup(child.pid) };
  });
  return { process: child, says, ended };
}

function hasGroup(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
