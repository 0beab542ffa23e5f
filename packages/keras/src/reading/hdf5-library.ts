import { Attribute, File, ready } from 'h5wasm/node';

/** The HDF5 C library compiled to WebAssembly; one instance serves all files of the process. */
export type H5Module = Awaited<typeof ready>;

export async function loadHdf5(): Promise<H5Module> {
  return ready;
}

/**
 * Makes the library throw what it has to say instead of printing it to stderr.
 * The setting is global to the library, so it holds for one synchronous piece of work only.
 */
export function quietly<T>(library: H5Module, work: () => T): T {
  library.activate_throwing_error_handler();
  try {
    return work();
  } finally {
    library.deactivate_throwing_error_handler();
  }
}

export function readAttribute(file: bigint, path: string, name: string): unknown {
  return new Attribute(file, path, name).value;
}

/** The id of an opened file; -1 where the library cannot open it. */
export function openReadOnly(path: string): bigint {
  return new File(path, 'r').file_id;
}
