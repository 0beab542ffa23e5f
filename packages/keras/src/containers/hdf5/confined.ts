import type { H5Module } from './hdf5-library.js';

/** The HDF5 library tried to open another file than the model file. */
export class OtherFileError extends Error {
  override readonly name = 'OtherFileError';
  /** Path of the other file. */
  readonly wanted: string;

  constructor(wanted: string, options?: ErrorOptions) {
    super(`the model file refers to another file: ${wanted}`, options);
    this.wanted = wanted;
  }
}

/** The part of Emscripten's file system that opens files. h5wasm's types describe another version of it. */
interface FileSystem {
  open: (path: string, flags: number, mode?: number) => object;
  close: (stream: object) => void;
  ErrnoError: new (errno: number) => Error;
}

/** Emscripten's values of O_CREAT | O_EXCL and of EACCES. */
const NEW_FILE = 0o100 | 0o200;
const ACCESS_DENIED = 2;

/**
 * Runs synchronous work during which the HDF5 library cannot open any existing file.
 *
 * A model file can refer to other files in several ways: external storage, external links, virtual datasets, filter
 * plug-ins. The path may be any file on the disk, also a device or an endless pipe. All of these go through the one
 * function that is replaced here.
 *
 * @throws {OtherFileError} When the library tried to open a file.
 */
export function confined<T>(library: H5Module, work: () => T): T {
  const files = library.FS as unknown as FileSystem;
  const { open } = files;
  const scratch: object[] = [];
  let wanted: string | undefined;
  files.open = (path, flags, mode) => {
    // The library writes its messages to a temporary file. A file that it creates now cannot contain secrets.
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
    // The library reports an error as an exception, and then never closes its temporary file.
    for (const stream of scratch) files.close(stream);
  }
  // The library treats some files that it cannot open as empty and throws nothing.
  if (wanted !== undefined) throw new OtherFileError(wanted);
  return outcome;
}
