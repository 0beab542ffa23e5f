import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

import { afterEach } from '@jest/globals';

const main = new URL('../../bench/dist/main.js', import.meta.url).pathname;

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
});

export interface BenchRun {
  readonly process: ChildProcess;
  /** Resolves when the output contains the text, and rejects if the benchmark ends before that. */
  readonly says: (text: string) => Promise<void>;
  readonly ended: Promise<BenchEnd>;
}

export interface BenchEnd {
  readonly code: number | null;
  readonly output: string;
  /** Whether a process that it started is still running. */
  readonly leftovers: boolean;
}

/**
 * Runs the built benchmark.
 * @param temporary Folder of its lock, so that the lock of a user's benchmark does not matter.
 * @throws {Error} When the benchmark is not built.
 */
export function bench(temporary: string, ...args: readonly string[]): BenchRun {
  if (!existsSync(main))
    throw new Error('the benchmark is not built: run `npm run build` in the root folder');
  const { NODE_OPTIONS: _ofJest, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...env, TMPDIR: temporary },
    // The benchmark gets its own process group, so that the group shows the processes that it leaves behind.
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
  const ended = once(child, 'close').then((): BenchEnd => {
    running.delete(child);
    return { code: child.exitCode, output, leftovers: hasGroup(child.pid) };
  });
  const says = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (!running.has(child)) throw new Error(`the benchmark ended before it wrote '${text}': ${output}`);
      await Promise.race([once(child, 'output'), ended]);
    }
  };
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
