import { spawnSync } from 'node:child_process';

import { UsageError } from './options.js';

/**
 * Keeps this process, its threads, and all processes that it starts from now on, on one core: the first one that
 * it may use. Repeatable, as no scheduler decides where the other end wakes up.
 * @returns The core.
 * @throws UsageError where there is no `taskset`.
 */
export function pin(): number {
  const pid = String(process.pid);
  const allowed = taskset(['-c', '-p', pid]);
  const core = /list: (\d+)/.exec(allowed)?.[1];
  if (core === undefined) throw new UsageError(`--pin cannot read what taskset says: ${allowed}`);
  taskset(['-a', '-c', '-p', core, pid]);
  return Number(core);
}

function taskset(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('taskset', args, { encoding: 'utf8' });
  if (error !== undefined) {
    throw new UsageError('--pin needs taskset, a part of util-linux, which is not here: leave --pin away');
  }
  if (status !== 0) throw new UsageError(`--pin failed: ${stderr.trim()}`);
  return stdout;
}
