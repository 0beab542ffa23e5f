import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { errorCode } from '../error-code.js';

/** A download that is not finished: its own file, and what the server said that lets it go on later. */
export interface PartialFile {
  path: string;
  /** Bytes there already. */
  received: number;
  /** A strong ETag or a date of the version these bytes are of; without one it cannot be resumed. */
  validator: string | undefined;
}

/**
 * Takes over what an earlier, broken download of `target` left behind, or names a new file.
 *
 * The file's name holds the id of the process that writes it. Only a file whose process is gone is taken, and
 * renaming is atomic, so two processes never write to one file and no lock can be left behind.
 */
export async function claimPartial(target: string): Promise<PartialFile> {
  const own = join(dirname(target), `${basename(target)}.${process.pid}.part`);
  for (const name of await abandoned(target)) {
    const old = join(dirname(target), name);
    try {
      await rename(old, own);
    } catch {
      continue; // Another process was quicker.
    }
    // Without it the file is begun anew; nothing else depends on it.
    await rename(validatorFile(old), validatorFile(own)).catch(() => undefined);
    return reopenPartial({ path: own, received: 0, validator: undefined });
  }
  return { path: own, received: 0, validator: undefined };
}

/** The same file after an attempt that broke off: what it holds now, and whether that can be built on. */
export async function reopenPartial({ path }: PartialFile): Promise<PartialFile> {
  const validator = await readFile(validatorFile(path), 'utf8').catch(() => undefined);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  return { path, received: validator === undefined ? 0 : size, validator };
}

/** Written before the first byte, so that whatever a crash leaves can be resumed. */
export async function rememberValidator({ path }: PartialFile, validator: string | undefined): Promise<void> {
  if (validator === undefined) await rm(validatorFile(path), { force: true });
  else await writeFile(validatorFile(path), validator);
}

/** The whole file is there: it gets its real name in one step, so nobody ever sees half of it. */
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

/** This process has begun nothing yet: a file of its own id is from an earlier process that had the same one. */
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
