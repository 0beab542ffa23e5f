import { spawnSync } from 'node:child_process';

import { UsageError } from './options.js';

/**
 * Keeps this process, its threads, and all processes that it starts from now on, on the first core that it may use.
 * Runs are repeatable then, because the scheduler cannot choose the core on which the other end wakes up.
 * @returns The number of the core.
 * @throws {UsageError} When `taskset` is not installed or fails.
 */
export function pin(): number {
  const pid = String(process.pid);
  const allowed = taskset(['-c', '-p', pid]);
  const core = /list: (\d+)/.exec(allowed)?.[1];
  if (core === undefined) throw new UsageError(`--pin cannot read the output of taskset: ${allowed}`);
  taskset(['-a', '-c', '-p', core, pid]);
  return Number(core);
}

function taskset(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('taskset', args, { encoding: 'utf8' });
  if (error !== undefined) {
    throw new UsageError('--pin needs taskset, which is not installed: install util-linux, or omit --pin');
  }
  if (status !== 0) throw new UsageError(`--pin failed: ${stderr.trim()}`);
  return stdout;
}
