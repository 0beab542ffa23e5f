import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

import { systemCode } from './explain-failure.js';

/**
 * An unfinished download: a folder beside the target, with the bytes and the validator that allows to resume.
 *
 * One rename moves both, and is atomic. The name of the folder tells who writes to it, so no lock can be left behind:
 * `weights.h5.<random>.<owner>.part` while somebody writes, `weights.h5.<random>.part` when nobody does.
 */
export interface PartialFile {
  folder: string;
  /** Number of bytes that a download can keep. */
  received: number;
  /** Strong ETag or date of the version that the bytes belong to. Without it, the download cannot resume. */
  validator: string | undefined;
}

/** Age in ms at which a folder belongs to nobody. Its writer touches it at least every five minutes. */
const ABANDONED_MS = 3_600_000;

/** Folders to which this thread writes. */
const own = new Set<string>();

/** Path of the bytes. */
export function dataOf({ folder }: Pick<PartialFile, 'folder'>): string {
  return join(folder, 'data');
}

/** Takes over an earlier, unfinished download of `target`, or begins a new one. The file may be written by nobody else. */
export async function claimPartial(target: string): Promise<PartialFile> {
  const folder = `${target}.${randomBytes(4).toString('hex')}.${owner()}.part`;
  for (const old of await abandoned(target)) {
    try {
      await rename(old, folder);
    } catch {
      continue; // Somebody else was faster.
    }
    own.add(folder);
    return reopenPartial({ folder });
  }
  await mkdir(folder);
  own.add(folder);
  return { folder, received: 0, validator: undefined };
}

/** Looks at the bytes before an attempt: how many there are, and whether the download can resume. */
export async function reopenPartial({ folder }: Pick<PartialFile, 'folder'>): Promise<PartialFile> {
  const now = new Date();
  await utimes(folder, now, now);
  const validator = await readFile(join(folder, 'validator'), 'utf8').catch(() => undefined);
  const size = await stat(dataOf({ folder })).then(
    (found) => found.size,
    () => 0,
  );
  return { folder, received: validator === undefined ? 0 : size, validator };
}

/** Forgets the bytes and stores the validator of those that follow, before the first of them is written. */
export async function restartPartial({ folder }: PartialFile, validator: string | undefined): Promise<void> {
  await rm(join(folder, 'validator'), { force: true });
  await rm(dataOf({ folder }), { force: true });
  if (validator !== undefined) await writeFile(join(folder, 'validator'), validator);
}

/** Gives the complete file its name. Renaming is atomic, so nobody ever sees half a file. */
export async function finishPartial(partial: PartialFile, target: string): Promise<void> {
  await rename(dataOf(partial), target);
  await discardPartial(partial);
  for (const old of await abandoned(target)) await rm(old, { recursive: true, force: true });
}

/** Leaves the bytes to the next download. */
export async function releasePartial({ folder }: PartialFile): Promise<void> {
  own.delete(folder);
  await rename(folder, folder.replace(/\.[^.]+\.part$/u, '.part')).catch(() => undefined);
}

export async function discardPartial({ folder }: PartialFile): Promise<void> {
  own.delete(folder);
  await rm(folder, { recursive: true, force: true });
}

async function abandoned(target: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`${basename(target)}.`)) continue;
    const match = /^\.[\da-f]{8}(?:\.(\w+-\d+-\d+))?\.part$/u.exec(name.slice(basename(target).length));
    const folder = join(dirname(target), name);
    if (match && !(await isWritten(folder, match[1]))) found.push(folder);
  }
  return found;
}

async function isWritten(folder: string, writer: string | undefined): Promise<boolean> {
  if (writer === undefined) return false;
  if (writer === owner()) return own.has(folder);
  const [machine, pid] = writer.split('-');
  if (machine === place() && !isAlive(Number(pid))) return false;
  const age = await stat(folder).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  return age < ABANDONED_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process is there, but is another user's.
    return systemCode(error) === 'EPERM';
  }
}

function owner(): string {
  return `${place()}-${process.pid}-${threadId}`;
}

/** The machine or container, in which a process id has a meaning: several may share a cache. */
function place(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has namespaces.
  }
  return createHash('sha256').update(`${hostname()} ${namespace}`).digest('hex').slice(0, 8);
}
