import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errorCode } from '../error-code.js';

/** An unfinished download: its file, and the validator with which it can resume. */
export interface PartialFile {
  path: string;
  /** Number of bytes in the file that a download can keep. */
  received: number;
  /** Strong ETag or date of the version that the bytes belong to. Without it, the download cannot resume. */
  validator: string | undefined;
}

/**
 * Takes over the file of an earlier, unfinished download of `target`, or names a new file.
 *
 * The name of the file contains the id of the process that writes it. A file is taken over only if its process has
 * ended. Renaming is atomic, so two processes never write to the same file, and no lock can be left behind.
 */
export async function claimPartial(target: string): Promise<PartialFile> {
  const own = join(dirname(target), `${basename(target)}.${process.pid}.part`);
  for (const name of await abandoned(target)) {
    const old = join(dirname(target), name);
    try {
      await rename(old, own);
    } catch {
      continue; // Another process was faster.
    }
    // Ignore a missing validator: the download then starts over.
    await rename(validatorFile(old), validatorFile(own)).catch(() => undefined);
    return reopenPartial({ path: own, received: 0, validator: undefined });
  }
  return { path: own, received: 0, validator: undefined };
}

/** Looks at the file again after a failed attempt: its size, and whether the download can resume. */
export async function reopenPartial({ path }: PartialFile): Promise<PartialFile> {
  const validator = await readFile(validatorFile(path), 'utf8').catch(() => undefined);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  return { path, received: validator === undefined ? 0 : size, validator };
}

/** Stores the validator. Call it before the first byte is written, so that a download can resume after any crash. */
export async function rememberValidator({ path }: PartialFile, validator: string | undefined): Promise<void> {
  if (validator === undefined) await rm(validatorFile(path), { force: true });
  else await writeFile(validatorFile(path), validator);
}

/** Gives the complete file its real name. Renaming is atomic, so no other process sees half a file. */
export async function finishPartial({ path }: PartialFile, target: string): Promise<void> {
  await rename(path, target);
  await rm(validatorFile(path), { force: true });
}

export async function discardPartial({ path }: PartialFile): Promise<void> {
  await rm(path, { force: true });
  await rm(validatorFile(path), { force: true });
}

async function abandoned(target: string): Promise<string[]> {
  const prefix = `${basename(target)}.`;
  const names = await readdir(dirname(target));
  return names.filter((name) => {
    if (!name.startsWith(prefix)) return false;
    const pid = /^(\d+)\.part$/.exec(name.slice(prefix.length))?.[1];
    return pid !== undefined && !isWriting(Number(pid));
  });
}

/** Whether a process may still write. The own id is from an earlier process: this one has not started to write yet. */
function isWriting(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function validatorFile(path: string): string {
  return `${path}.validator`;
}
