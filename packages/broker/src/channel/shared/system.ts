import { ftruncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

import type * as Koffi from 'koffi';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const PAGE = 4096n;

/** The functions of the operating system that shared memory needs. */
export interface System {
  /** Makes a file in memory, without a name. */
  createFile(bytes: number): MemoryFile;
  /** Maps a file. It may be closed afterwards. */
  map(fd: number, bytes: number): Mapping;
}

export interface MemoryFile {
  /** Spawned processes inherit it only if it is passed to them. */
  readonly fd: number;
  /** In a worker thread, Node's own functions warn if they close a descriptor that they have not opened. */
  close(): void;
}

/** Memory that other processes may map too. */
export interface Mapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A part of it as an ArrayBuffer of its own. */
  view(offset: number, length: number): ArrayBuffer;
  /** After this, any access to the memory crashes the process. */
  unmap(): void;
}

/**
 * @param from A file from which koffi is looked up.
 * @returns Path of koffi's main file; `undefined` if koffi is not installed, or the platform is not supported.
 */
export function findKoffi(from: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return createRequire(from).resolve('koffi');
  } catch {
    return undefined;
  }
}

/**
 * @param koffi The path that `findKoffi` returns.
 * @throws {Error} If koffi has no binary for this platform, or a system call is missing.
 */
export function loadSystem(koffi: string): System {
  return (loaded ??= load(koffi));
}

let loaded: System | undefined;

function load(koffi: string): System {
  const { errno, load: loadLibrary, view } = createRequire(koffi)(koffi) as typeof Koffi; // by its own types
  const libc = loadLibrary(null);
  const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');
  const close = libc.func('int close(int fd)');
  const fcntl = libc.func('int fcntl(int fd, int command, ...)');
  const mmap = libc.func(
    'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
  );
  const munmap = libc.func('int munmap(void *address, size_t length)');

  function check(name: string, result: unknown): number {
    if (typeof result === 'number' && result >= 0) return result;
    throw new Error(`${name} failed with error number ${errno()}`);
  }

  return {
    createFile(bytes) {
      const fd = check('memfd_create', memfdCreate('dual-broker', MFD_CLOEXEC | MFD_ALLOW_SEALING));
      try {
        ftruncateSync(fd, bytes);
        // An access beyond the end of the file kills the process. So the child must not be able to move the end.
        check('fcntl', fcntl(fd, F_ADD_SEALS, 'int', F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
      } catch (error) {
        close(fd);
        throw error;
      }
      return { fd, close: () => void close(fd) };
    },
    map(fd, bytes) {
      const address: unknown = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
      // On failure the address is −1, which is not the begin of a page.
      if (typeof address !== 'bigint' || address % PAGE !== 0n)
        throw new Error(`mmap failed with error number ${errno()}`);
      return {
        bytes: new Uint8Array(view(address, bytes)),
        view: (offset, length) => view(address + BigInt(offset), length),
        unmap: () => {
          munmap(address, bytes);
        },
      };
    },
  };
}
