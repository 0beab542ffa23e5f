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
  return readable(new Attribute(file, path, name).value);
}

/**
 * Keras writes UTF-8 into strings that HDF5 takes for ASCII, and h5wasm then makes a character of each byte. Texts that
 * can only come about so are decoded again.
 */
function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'string' || !/[\u0080-\u00ff]/u.test(value) || /[^\u0000-\u00ff]/u.test(value))
    return value;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

/** Opens a file. @returns Its ID, or -1 if the library cannot open it. */
export function openReadOnly(path: string): bigint {
  return new File(path, 'r').file_id;
}
