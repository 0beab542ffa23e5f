import { readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { ModelFileError } from '../errors.js';
import { confined, OtherFileError } from './confined.js';
import { type Dataset, describeDataset } from './dataset.js';
import { type H5Module, loadHdf5, openReadOnly, quietly, readAttribute } from './hdf5-library.js';
import { type HeaderMessage, type HeaderSource, readObjectHeader, unsigned } from './object-header.js';
import type { Hdf5Superblock } from './superblock.js';

/** A part of a dataset: so many entries from so far on, along each dimension. */
export interface Block {
  offset: readonly number[];
  count: readonly number[];
}

/** Numbers of a dataset in the library's memory, as little-endian bytes, until it is disposed. */
export interface LoadedBlock extends Disposable {
  /** A view that is valid until the event loop turns. */
  bytes(from?: number, to?: number): Uint8Array;
}

/** Read access to one HDF5 file, and to no other. All reads are synchronous; callers read big datasets in blocks. */
export class Hdf5File {
  readonly path: string;
  readonly #library: H5Module;
  readonly #id: bigint;
  /** For what the library does not tell. */
  readonly #handle: FileHandle;
  readonly #headers: HeaderSource;

  private constructor(
    path: string,
    library: H5Module,
    id: bigint,
    handle: FileHandle,
    headers: HeaderSource,
  ) {
    this.path = path;
    this.#library = library;
    this.#id = id;
    this.#handle = handle;
    this.#headers = headers;
  }

  static async open(path: string, superblock: Hdf5Superblock): Promise<Hdf5File> {
    const library = await loadHdf5();
    const damaged = (cause?: unknown) =>
      new ModelFileError('ERR_KERAS_DAMAGED', `The HDF5 file is damaged: it cannot be opened: ${path}`, {
        file: path,
        cause,
      });
    const handle = await open(path, 'r');
    try {
      const id = quietly(library, () => openReadOnly(path));
      if (id >= 0n) return new Hdf5File(path, library, id, handle, headerSource(handle, superblock));
    } catch (error) {
      await handle.close();
      throw damaged(error);
    }
    await handle.close();
    throw damaged();
  }

  async close(): Promise<void> {
    quietly(this.#library, () => this.#library.close_file(this.#id));
    await this.#handle.close();
  }

  /** What is at a path; links to other files are refused, not followed. */
  kind(path: string): 'group' | 'dataset' | 'other' | 'nothing' {
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

  #step(path: string): 'group' | 'dataset' | 'other' | 'nothing' {
    let link: ReturnType<H5Module['get_external_link']>;
    try {
      link = this.#library.get_external_link(this.#id, path);
    } catch {
      // The library knows no link of that name.
      return 'nothing';
    }
    if (Object.hasOwn(link, 'filename')) {
      throw this.#unsupported(path, `is a link to another file (${link.filename}), which is not followed`);
    }
    const type = this.#library.get_type(this.#id, path);
    if (type === this.#library.H5G_GROUP) return 'group';
    return type === this.#library.H5G_DATASET ? 'dataset' : 'other';
  }

  attributeNames(path: string): string[] {
    return this.#read(path, () => this.#library.get_attribute_names(this.#id, path));
  }

  /** The value of an attribute as h5wasm gives it, `undefined` where there is none. */
  attribute(path: string, name: string): unknown {
    if (!this.attributeNames(path).includes(name)) return undefined;
    return this.#read(path, () => readAttribute(this.#id, path, name));
  }

  /** Shape and type of the dataset at a path that `kind` has called one; refuses what cannot be read safely. */
  dataset(path: string): Dataset {
    return this.#read(path, () => {
      const found = describeDataset(path, {
        metadata: this.#library.get_dataset_metadata(this.#id, path),
        filters: this.#library.get_dataset_filters(this.#id, path),
        header: this.#header(path),
      });
      if (typeof found === 'string') throw this.#unsupported(path, found);
      return found;
    });
  }

  #header(path: string): HeaderMessage[] {
    // An object reference is the address of the object's header.
    const reference = Buffer.from(this.#library.create_object_reference(this.#id, path));
    return readObjectHeader(this.#headers, unsigned(reference, 0, 8));
  }

  /** Reads a block of a dataset; the caller disposes of it. */
  read(dataset: Dataset, { offset, count }: Block): LoadedBlock {
    const length = count.reduce((product, entries) => product * entries, dataset.numberBytes);
    return this.#read(dataset.path, () => {
      const library = this.#library;
      const pointer = library._malloc(length);
      if (pointer === 0) throw new RangeError(`no memory for ${length} bytes`);
      const release = () => {
        library._free(pointer);
      };
      try {
        const [counts, offsets] = [count.map(BigInt), offset.map(BigInt)];
        const strides = counts.map(() => 1n);
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
        // The memory may grow between two calls, which makes earlier views of it empty.
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

  /** Runs a read; whatever the HDF5 library has to complain about becomes an error that names the place. */
  #read<T>(path: string, read: () => T): T {
    try {
      return confined(this.#library, () => quietly(this.#library, read));
    } catch (error) {
      if (error instanceof ModelFileError) throw error;
      if (error instanceof OtherFileError) {
        throw this.#unsupported(path, `is kept in another file (${error.wanted}), which is not opened`);
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

function headerSource(handle: FileHandle, superblock: Hdf5Superblock): HeaderSource {
  return {
    ...superblock,
    read(address, length) {
      const bytes = Buffer.alloc(length);
      if (readSync(handle.fd, bytes, 0, length, superblock.offset + address) < length)
        throw new RangeError(`the file ends before address ${address} and ${length} bytes`);
      return bytes;
    },
  };
}
