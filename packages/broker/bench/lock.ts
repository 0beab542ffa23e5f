import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { UsageError } from './options.js';

/**
 * Claims the machine for this run, because two runs at once would distort each other's figures.
 * @returns A function that releases the lock.
 * @throws {UsageError} When another process is running the benchmark. The message names it.
 */
export function lock(file = join(tmpdir(), 'dual-broker-bench.lock')): () => void {
  if (!claim(file)) {
    const owner = Number(readFileSync(file, 'utf8'));
    if (isAlive(owner)) {
      throw new UsageError(
        `process ${owner} is running the benchmark: wait until it ends, or remove ${file} if that process is not a benchmark`,
      );
    }
    rmSync(file, { force: true });
    if (!claim(file))
      throw new UsageError('another run of the benchmark has just started: wait until it ends');
  }
  return () => {
    rmSync(file, { force: true });
  };
}

function claim(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @param pid `NaN` or 0 if the lock file was not written completely. */
function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
