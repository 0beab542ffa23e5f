import { Attribute, File, ready } from 'h5wasm/node';

/** The HDF5 C library compiled to WebAssembly. One instance serves all files of the process. */
export type H5Module = Awaited<typeof ready>;

/** Loads the library, once for each process. */
export async function loadHdf5(): Promise<H5Module> {
  return ready;
}

/**
 * Runs synchronous work during which the library throws its errors instead of printing them to stderr. The setting is
 * global to the library, so it must not outlive the work.
 */
export function quietly<T>(library: H5Module, work: () => T): T {
  library.activate_throwing_error_handler();
  try {
    return work();
  } finally {
    library.deactivate_throwing_error_handler();
  }
}

/** Reads an attribute of the object at `path` in the opened file with the ID `file`. */
export function readAttribute(file: bigint, path: string, name: string): unknown {
  return new Attribute(file, path, name).value;
}

/** Opens a file. @returns Its ID, or -1 if the library cannot open it. */
export function openReadOnly(path: string): bigint {
  return new File(path, 'r').file_id;
}
