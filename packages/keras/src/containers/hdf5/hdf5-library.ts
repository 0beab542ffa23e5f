import type * as H5wasm from 'h5wasm/node';

/** The HDF5 C library compiled to WebAssembly. */
export type H5Module = Awaited<typeof H5wasm.ready>;

/** An instance of the library. It serves all files of the process, until one of them makes it fail. */
export interface Hdf5Library {
  readonly module: H5Module;
  /** The classes of this instance. */
  readonly classes: Pick<typeof H5wasm, 'Attribute' | 'File'>;
  /** A damaged file has left it in a state in which it can read no file. */
  isBroken: boolean;
}

let instances = 0;
let library: Promise<Hdf5Library> | undefined;

/** Loads the library: once for each process, and once more after each failure. */
export async function loadHdf5(): Promise<Hdf5Library> {
  library ??= instantiate();
  return library;
}

/** h5wasm makes its one instance when it is imported. A query makes it another module, with another instance. */
async function instantiate(): Promise<Hdf5Library> {
  instances += 1;
  const name = import.meta.resolve('h5wasm/node');
  const module = (await (instances === 1
    ? import('h5wasm/node')
    : import(`${name}?instance=${instances}`))) as typeof H5wasm; // the type of a computed name is unknown
  return { module: await module.ready, classes: module, isBroken: false };
}

/**
 * Runs synchronous work during which the library throws its errors instead of printing them to stderr. The setting is
 * global to the library, so it must not outlive the work.
 */
export function quietly<T>(used: Hdf5Library, work: () => T): T {
  try {
    used.module.activate_throwing_error_handler();
    const result = work();
    used.module.deactivate_throwing_error_handler();
    return result;
  } catch (error) {
    if (isTrap(error)) {
      used.isBroken = true;
      library = undefined;
    } else {
      used.module.deactivate_throwing_error_handler();
    }
    throw error;
  }
}

/** Whether WebAssembly stopped in the middle of the library's code, whose memory is then in no defined state. */
export function isTrap(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'RuntimeError' || (error instanceof RangeError && error.message.includes('call stack'))
  );
}

/**
 * Reads an attribute of the object at `path` in the opened file with the ID `file`.
 *
 * @param most Size in bytes that it may have. A damaged file can announce any size, for which the library takes memory.
 * @throws {RangeError} When it announces more.
 */
export function readAttribute(
  { classes }: Hdf5Library,
  { file, path, name }: { file: bigint; path: string; name: string },
  most: number,
): unknown {
  const attribute = new classes.Attribute(file, path, name);
  const { size, total_size: count } = attribute.metadata;
  if (size * count > most) throw new RangeError(`the attribute ${name} announces ${size * count} bytes`);
  return readable(attribute.value);
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
export function openReadOnly({ classes }: Hdf5Library, path: string): bigint {
  return new classes.File(path, 'r').file_id;
}
