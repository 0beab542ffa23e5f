import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { UsageError } from './options.js';

/**
 * Two runs at a time would measure each other.
 * @returns What lets the next run begin.
 * @throws UsageError naming the process that is running the benchmark.
 */
export function lock(file = join(tmpdir(), 'dual-broker-bench.lock')): () => void {
  if (!claim(file)) {
    const owner = Number(readFileSync(file, 'utf8'));
    if (isAlive(owner)) {
      throw new UsageError(
        `process ${owner} is running the benchmark: wait for it (or, if that is something else, remove ${file})`,
      );
    }
    rmSync(file, { force: true });
    if (!claim(file)) throw new UsageError('another run of the benchmark has just begun: wait for it');
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

/** @param pid NaN, and 0, where the file was not written to its end. */
function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
