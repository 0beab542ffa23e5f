import type { H5Module } from './hdf5-library.js';
import { loadHdf5, openReadOnly, quietly, readAttribute } from './hdf5-library.js';
import { ModelFileError } from '../errors.js';

/** How the numbers of a dataset are stored; `undefined` where they are not floating-point numbers. */
export type StoredType = 'float16' | 'float32' | 'float64';

export interface Dataset {
  path: string;
  shape: readonly number[];
  type: StoredType | undefined;
  /** Of the numbers as stored, uncompressed. */
  bytes: number;
  compressed: boolean;
}

/** Read access to one HDF5 file. All reads are synchronous and short; callers slice big datasets. */
export class Hdf5File {
  readonly path: string;
  readonly #library: H5Module;
  readonly #id: bigint;

  private constructor(path: string, library: H5Module, id: bigint) {
    this.path = path;
    this.#library = library;
    this.#id = id;
  }

  static async open(path: string): Promise<Hdf5File> {
    const library = await loadHdf5();
    const damaged = (cause?: unknown) =>
      new ModelFileError('ERR_KERAS_DAMAGED', `The HDF5 file is damaged: it cannot be opened: ${path}`, {
        file: path,
        cause,
      });
    let id: bigint;
    try {
      id = quietly(library, () => openReadOnly(path));
    } catch (error) {
      throw damaged(error);
    }
    if (id < 0n) throw damaged();
    return new Hdf5File(path, library, id);
  }

  close(): void {
    quietly(this.#library, () => this.#library.close_file(this.#id));
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
      throw new ModelFileError(
        'ERR_KERAS_UNSUPPORTED_FORMAT',
        `${path} is a link to another file (${link.filename}), which is not followed: ${this.path}`,
        { file: this.path, weight: path },
      );
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

  /** Shape and type of the dataset at a path that `kind` has called one. */
  dataset(path: string): Dataset {
    return this.#read(path, () => {
      const metadata = this.#library.get_dataset_metadata(this.#id, path);
      if (metadata.virtual_sources !== undefined) {
        throw new ModelFileError(
          'ERR_KERAS_UNSUPPORTED_FORMAT',
          `${path} is a virtual dataset, made of other files: ${this.path}`,
          {
            file: this.path,
            weight: path,
          },
        );
      }
      const shape = metadata.shape ?? [];
      const isFloat = metadata.type === this.#library.H5T_class_t.H5T_FLOAT.value;
      return {
        path,
        shape,
        type: isFloat ? FLOATS.get(metadata.size) : undefined,
        bytes: shape.reduce((product, length) => product * length, metadata.size),
        compressed: this.#library.get_dataset_filters(this.#id, path).length > 0,
      };
    });
  }

  /** Reads `count` entries along the first dimension as little-endian bytes, valid only until the callback returns. */
  readRows<T>(dataset: Dataset, first: number, count: number, use: (bytes: Uint8Array) => T): T {
    const [rows = 1, ...rest] = dataset.shape;
    const bytes = (dataset.bytes / rows) * count;
    return this.#read(dataset.path, () => {
      const pointer = this.#library._malloc(bytes);
      if (pointer === 0) throw new RangeError(`no memory for ${bytes} bytes`);
      try {
        const counts = [count, ...rest].map(BigInt);
        const offsets = [first, ...rest.map(() => 0)].map(BigInt);
        const strides = counts.map(() => 1n);
        const status = this.#library.get_dataset_data(
          this.#id,
          dataset.path,
          counts,
          offsets,
          strides,
          BigInt(pointer),
        );
        if (status < 0) throw new RangeError(`rows ${first} to ${first + count} cannot be read`);
        return use(new Uint8Array(this.#library.HEAPU8.buffer, pointer, bytes));
      } finally {
        this.#library._free(pointer);
      }
    });
  }

  /** Runs a read; whatever the HDF5 library has to complain about becomes an error that names the place. */
  #read<T>(path: string, read: () => T): T {
    try {
      return quietly(this.#library, read);
    } catch (error) {
      if (error instanceof ModelFileError) throw error;
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

const FLOATS = new Map<number, StoredType>([
  [2, 'float16'],
  [4, 'float32'],
  [8, 'float64'],
]);
