import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { ModelFileError } from '../../errors.js';
import { confined, OtherFileError } from './confined.js';
import { type Dataset, describeDataset } from './dataset.js';
import {
  type H5Module,
  type Hdf5Library,
  isTrap,
  loadHdf5,
  openReadOnly,
  quietly,
  readAttribute,
} from './hdf5-library.js';
import { type HeaderMessage, type HeaderSource, readObjectHeader, unsigned } from './object-header.js';
import { shifted } from './shifted.js';
import type { Hdf5Superblock } from './superblock.js';

/** What is at a path of a file. */
type Kind = 'group' | 'dataset' | 'other' | 'nothing';

/** A rectangular part of a dataset. */
export interface Block {
  /** First entry along each dimension. */
  offset: readonly number[];
  /** Count of entries along each dimension. */
  count: readonly number[];
}

/** Numbers of a dataset in the library's memory, as little-endian bytes. Dispose of it to free the memory. */
export interface LoadedBlock extends Disposable {
  /**
   * Returns a view of the bytes from `from` to `to`. Use it at once: the next call of the library may invalidate it.
   */
  bytes(from?: number, to?: number): Uint8Array;
}

/**
 * Reads one HDF5 file, and never another one. All reads are synchronous, so callers must read big datasets in blocks.
 */
export class Hdf5File {
  readonly path: string;
  readonly #library: Hdf5Library;
  readonly #id: bigint;
  /** For facts in the object headers that the library does not report. */
  readonly #handle: FileHandle;
  readonly #headers: HeaderSource;
  /** Size of the whole file, in bytes. */
  readonly #size: number;
  readonly #kinds = new Map<string, Kind>();

  private constructor(
    path: string,
    library: Hdf5Library,
    id: bigint,
    handle: FileHandle,
    headers: HeaderSource,
    size: number,
  ) {
    this.path = path;
    this.#library = library;
    this.#id = id;
    this.#handle = handle;
    this.#headers = headers;
    this.#size = size;
  }

  /**
   * Opens a file that `checkFile` has accepted.
   *
   * @param base Position in bytes at which the HDF5 file begins, if it lies within another file.
   * @throws {ModelFileError} When the HDF5 library cannot open the file.
   */
  static async open(path: string, superblock: Hdf5Superblock, base = 0): Promise<Hdf5File> {
    const library = await loadHdf5();
    const damaged = (cause?: unknown) =>
      new ModelFileError('ERR_KERAS_DAMAGED', `The HDF5 file is damaged and cannot be opened: ${path}`, {
        file: path,
        cause,
      });
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const id = quietly(library, () => shifted(library.module, base, () => openReadOnly(library, path)));
      if (id >= 0n)
        return new Hdf5File(path, library, id, handle, headerSource(handle, superblock, base), size);
    } catch (error) {
      await handle.close();
      throw damaged(error);
    }
    await handle.close();
    throw damaged();
  }

  async close(): Promise<void> {
    try {
      if (!this.#library.isBroken) quietly(this.#library, () => this.#library.module.close_file(this.#id));
    } catch {
      // The library may fail to close a damaged file. What it was opened for has ended all the same.
    } finally {
      await this.#handle.close();
    }
  }

  /**
   * Says what is at a path. Does not follow links to other files.
   *
   * @throws {ModelFileError} When the path leads through a link to another file, or cannot be read.
   */
  kind(path: string): Kind {
    const names = path.split('/').filter((name) => name !== '');
    return this.#read(path, () => {
      for (const depth of names.keys()) {
        const found = this.#step('/' + names.slice(0, depth + 1).join('/'));
        const last = depth === names.length - 1;
        if (last || found !== 'group') return last || found === 'nothing' ? found : 'other';
      }
      return 'group';
    });
  }

  /** Names of the members of a group. */
  names(path: string): string[] {
    return this.#read(path, () => [...this.#library.module.get_names(this.#id, path, false)]);
  }

  /** Says what a member of a group is. The groups above it must be known. */
  child(path: string): Kind {
    return this.#read(path, () => this.#step(path));
  }

  /** Tells objects apart that have several paths. */
  identity(path: string): string {
    return this.#read(path, () =>
      Buffer.from(this.#library.module.create_object_reference(this.#id, path)).toString('hex'),
    );
  }

  #step(path: string): Kind {
    // Each weight lies below groups that are asked for again and again.
    const known = this.#kinds.get(path);
    if (known !== undefined) return known;
    const kind = this.#look(path);
    this.#kinds.set(path, kind);
    return kind;
  }

  #look(path: string): Kind {
    let link: ReturnType<H5Module['get_external_link']>;
    try {
      link = this.#library.module.get_external_link(this.#id, path);
    } catch (error) {
      if (isTrap(error)) throw error;
      // The library throws if there is no link of this name.
      return 'nothing';
    }
    if (Object.hasOwn(link, 'filename')) {
      throw this.#unsupported(path, `is a link to another file (${link.filename}), which is not followed`);
    }
    const type = this.#library.module.get_type(this.#id, path);
    if (type === this.#library.module.H5G_GROUP) return 'group';
    return type === this.#library.module.H5G_DATASET ? 'dataset' : 'other';
  }

  /**
   * Lists the attributes of the object at a path.
   *
   * @throws {ModelFileError} When they cannot be read.
   */
  attributeNames(path: string): string[] {
    return this.#read(path, () => this.#library.module.get_attribute_names(this.#id, path));
  }

  /**
   * Reads an attribute, in the form in which h5wasm returns it.
   *
   * @returns `undefined` if there is no such attribute.
   * @throws {ModelFileError} When it cannot be read.
   */
  attribute(path: string, name: string): unknown {
    if (!this.attributeNames(path).includes(name)) return undefined;
    return this.#read(path, () => readAttribute(this.#library, { file: this.#id, path, name }, this.#size));
  }

  /**
   * Describes the dataset at a path, for which `kind` must have returned `dataset`.
   *
   * @throws {ModelFileError} When the dataset cannot be read safely.
   */
  dataset(path: string): Dataset {
    return this.#read(path, () => {
      const found = describeDataset(path, {
        metadata: this.#library.module.get_dataset_metadata(this.#id, path),
        filters: this.#library.module.get_dataset_filters(this.#id, path),
        header: this.#header(path),
      });
      if (typeof found === 'string') throw this.#unsupported(path, found);
      return found;
    });
  }

  #header(path: string): HeaderMessage[] {
    // An object reference is the address of the object's header.
    const reference = Buffer.from(this.#library.module.create_object_reference(this.#id, path));
    return readObjectHeader(this.#headers, unsigned(reference, 0, 8));
  }

  /**
   * Reads a block of a dataset. The caller must dispose of the result.
   *
   * @throws {ModelFileError} When the block cannot be read.
   */
  read(dataset: Dataset, { offset, count }: Block): LoadedBlock {
    const length = count.reduce((product, entries) => product * entries, dataset.numberBytes);
    return this.#read(dataset.path, () => {
      const library = this.#library.module;
      const pointer = library._malloc(length);
      if (pointer === 0) throw new RangeError(`out of memory: ${length} bytes are needed`);
      const release = () => {
        if (!this.#library.isBroken) library._free(pointer);
      };
      try {
        // A scalar has no dimensions of which a part could be read.
        const part = (numbers: readonly number[]) => (numbers.length === 0 ? null : numbers.map(BigInt));
        const [counts, offsets, strides] = [part(count), part(offset), part(count.map(() => 1))];
        const status = library.get_dataset_data(
          this.#id,
          dataset.path,
          counts,
          offsets,
          strides,
          BigInt(pointer),
        );
        if (status < 0) throw new RangeError(`${count.join('×')} numbers at ${offset.join()} cannot be read`);
      } catch (error) {
        release();
        throw error;
      }
      return {
        // Make a new view each time: when the library's memory grows, earlier views become empty.
        bytes: (from = 0, to = length) =>
          new Uint8Array(library.HEAPU8.buffer, pointer + from, Math.min(to, length) - from),
        [Symbol.dispose]: release,
      };
    });
  }

  #unsupported(path: string, reason: string): ModelFileError {
    return new ModelFileError('ERR_KERAS_UNSUPPORTED_FORMAT', `${path} ${reason}: ${this.path}`, {
      file: this.path,
      weight: path,
    });
  }

  /** Runs a read and turns every error of the HDF5 library into a `ModelFileError` that names the path. */
  #read<T>(path: string, read: () => T): T {
    if (this.#library.isBroken)
      throw new ModelFileError(
        'ERR_KERAS_INTERRUPTED',
        `Another file, which is damaged, made the HDF5 library fail. Load this one again: ${this.path}`,
        { file: this.path },
      );
    try {
      return confined(this.#library.module, () => quietly(this.#library, read));
    } catch (error) {
      if (error instanceof ModelFileError) throw error;
      if (error instanceof OtherFileError) {
        throw this.#unsupported(path, `refers to another file (${error.wanted}), which is not opened`);
      }
      throw new ModelFileError(
        'ERR_KERAS_DAMAGED',
        `The HDF5 file is damaged: ${path} cannot be read: ${this.path}`,
        {
          file: this.path,
          weight: path,
          cause: error,
        },
      );
    }
  }
}

function headerSource(handle: FileHandle, superblock: Hdf5Superblock, base: number): HeaderSource {
  return {
    ...superblock,
    read(address, length) {
      const bytes = Buffer.alloc(length);
      if (readSync(handle.fd, bytes, 0, length, base + superblock.offset + address) < length)
        throw new RangeError(`the file ends within the ${length} bytes at address ${address}`);
      return bytes;
    },
  };
}
