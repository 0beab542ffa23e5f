import type { H5Module } from './hdf5-library.js';

/** The HDF5 library wanted to open another file than the one it was given. */
export class OtherFileError extends Error {
  override readonly name = 'OtherFileError';
  readonly wanted: string;

  constructor(wanted: string, options?: ErrorOptions) {
    super(`the file wants ${wanted} to be opened`, options);
    this.wanted = wanted;
  }
}

/** The part of Emscripten's file system that opens files. h5wasm's types are of another version of it. */
interface FileSystem {
  open: (path: string, flags: number, mode?: number) => object;
  close: (stream: object) => void;
  ErrnoError: new (errno: number) => Error;
}

/** Emscripten's numbers for O_CREAT | O_EXCL, and for EACCES. */
const NEW_FILE = 0o100 | 0o200;
const ACCESS_DENIED = 2;

/**
 * Does a synchronous piece of work in which the HDF5 library can open no file. A file may name others in several ways
 * (external storage, external links, virtual datasets, plug-ins for filters): any path of the disk, also a device, or
 * a pipe that never ends. All of them must pass here.
 */
export function confined<T>(library: H5Module, work: () => T): T {
  const files = library.FS as unknown as FileSystem;
  const { open } = files;
  const scratch: object[] = [];
  let wanted: string | undefined;
  files.open = (path, flags, mode) => {
    // The library writes its messages to a temporary file; one that is only made now holds nobody's secrets.
    if ((flags & NEW_FILE) === NEW_FILE) {
      const stream = open(path, flags, mode);
      scratch.push(stream);
      return stream;
    }
    wanted ??= path;
    throw new files.ErrnoError(ACCESS_DENIED);
  };

  let outcome: T;
  try {
    outcome = work();
  } catch (cause) {
    if (wanted !== undefined) throw new OtherFileError(wanted, { cause });
    throw cause;
  } finally {
    files.open = open;
    // What it reports leaves the library as an exception, so that it never comes to close the temporary file.
    for (const stream of scratch) files.close(stream);
  }
  // The library takes some files that it cannot open for empty.
  if (wanted !== undefined) throw new OtherFileError(wanted);
  return outcome;
}
