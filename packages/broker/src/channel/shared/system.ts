import { closeSync, ftruncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';

import type * as Koffi from 'koffi';

const requireHere = createRequire(import.meta.url);

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const PAGE = 4096n;

/** What shared memory takes from the operating system. */
export interface System {
  /**
   * Makes a file that has no name and lives in memory.
   * @returns Its descriptor, which processes spawned do not inherit unless they are given it.
   */
  createFile(bytes: number): number;
  /** Maps a file, which may be closed then. */
  map(fd: number, bytes: number): Mapping;
}

/** Memory of which other processes may have a mapping too. */
export interface Mapping {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A part of it as an ArrayBuffer of its own. */
  view(offset: number, length: number): ArrayBuffer;
  /** Nothing of it may be touched any more, not even to read it. */
  unmap(): void;
}

/** The file of koffi that is to be loaded; `undefined` where it is not installed, or would be of no use. */
export function findKoffi(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return requireHere.resolve('koffi');
  } catch {
    return undefined;
  }
}

/**
 * @param koffi As `findKoffi` tells it.
 * @throws where koffi has no binary for this platform, or the system does not offer what is needed.
 */
export function loadSystem(koffi: string): System {
  return (loaded ??= load(koffi));
}

let loaded: System | undefined;

function load(koffi: string): System {
  const { errno, load: loadLibrary, view } = requireHere(koffi) as typeof Koffi; // what its package says it is
  const libc = loadLibrary(null);
  const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');
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
        // Memory beyond the end of its file kills who touches it: the child must not be able to move that end.
        check('fcntl', fcntl(fd, F_ADD_SEALS, 'int', F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      return fd;
    },
    map(fd, bytes) {
      const address: unknown = mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
      // Its failure is told as −1, where no page begins.
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
