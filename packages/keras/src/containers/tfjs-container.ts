import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

import { isList, isObject, type JsonObject } from '../config/json.js';
import { ModelFileError } from '../errors.js';
import { firstNotFinite } from '../first-not-finite.js';
import type { Container, ReadOptions, StoredArray } from './container.js';
import { toFloat32 } from './hdf5/numbers.js';

/** Bytes of a number by its type in the manifest. */
const NUMBER_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  uint8: 1,
  bool: 1,
  uint16: 2,
  float16: 2,
};

/**
 * Opens a layers model of TensorFlow.js: `model.json`, and files with the weights beside it.
 *
 * Source: `weights_loader.ts` and `types.ts` of tfjs-core.
 */
export async function openTfjs(file: string, json: JsonObject, bytes: number): Promise<Container> {
  const topology = json['modelTopology'];
  if (json['format'] === 'graph-model' || (isObject(topology) && 'node' in topology)) {
    throw new ModelFileError(
      'ERR_KERAS_UNSUPPORTED_FORMAT',
      `The file is a graph model of TensorFlow.js, which no longer holds Keras layers. Convert the Keras model itself, or use @tensorflow/tfjs. File: ${file}`,
      { file },
    );
  }
  const inner =
    isObject(topology) && isObject(topology['model_config']) ? topology['model_config'] : topology;
  if (!isObject(topology) || !isObject(inner)) {
    throw new ModelFileError('ERR_KERAS_MODEL_CONFIG', `modelTopology does not describe a model: ${file}`, {
      file,
    });
  }
  const shards = new Shards(path.dirname(file), file);
  try {
    const arrays = await readManifest(json['weightsManifest'], shards, file);
    const version = topology['keras_version'];
    return {
      format: 'a layers model of TensorFlow.js',
      keras: typeof version === 'string' ? version : 'tfjs-layers',
      config: inner,
      assets: new Map(),
      weights: { kind: 'names', arrays },
      bytes: bytes + shards.bytes,
      [Symbol.asyncDispose]: () => shards.close(),
    };
  } catch (error) {
    await shards.close();
    throw error;
  }
}

async function readManifest(manifest: unknown, shards: Shards, file: string): Promise<StoredArray[]> {
  const wrong = (reason: string) =>
    new ModelFileError('ERR_KERAS_MODEL_CONFIG', `weightsManifest ${reason}: ${file}`, { file });
  if (!isList(manifest)) throw wrong('is missing');
  const arrays: StoredArray[] = [];
  for (const group of manifest) {
    if (!isObject(group) || !isList(group['paths']) || !isList(group['weights']))
      throw wrong('has a group without paths or weights');
    const names = group['paths'].map((name) => {
      if (typeof name !== 'string') throw wrong('has a path that is not a text');
      return name;
    });
    const data = await shards.group(names);
    let offset = 0;
    for (const weight of group['weights']) {
      if (!isObject(weight) || typeof weight['name'] !== 'string') throw wrong('has a weight without a name');
      const array = describe(weight, weight['name'], data, offset, file);
      offset += array.stored;
      arrays.push(array);
    }
    if (offset > data.bytes) {
      throw new ModelFileError(
        'ERR_KERAS_TRUNCATED',
        `${names.join(', ')} must have ${offset} bytes, but has ${data.bytes}. Download it again. File: ${file}`,
        { file },
      );
    }
  }
  return arrays;
}

function describe(
  weight: JsonObject,
  name: string,
  data: Group,
  offset: number,
  file: string,
): StoredArray & { stored: number } {
  const shape = weight['shape'];
  const isLength = (length: unknown): length is number => Number.isSafeInteger(length) && Number(length) >= 0;
  if (!isList(shape) || !shape.every(isLength)) {
    throw new ModelFileError(
      'ERR_KERAS_MODEL_CONFIG',
      `weightsManifest states no shape for ${name}: ${file}`,
      { file, weight: name },
    );
  }
  const quantization = isObject(weight['quantization']) ? weight['quantization'] : undefined;
  const type = String(quantization?.['dtype'] ?? weight['dtype']);
  const numberBytes = NUMBER_BYTES[type];
  if (numberBytes === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_WRONG_TYPE',
      `${name} is of type ${type}, which cannot be read: ${file}`,
      { file, weight: name },
    );
  }
  const length = shape.reduce((product, entries) => product * entries, 1);
  const scale = typeof quantization?.['scale'] === 'number' ? quantization['scale'] : 1;
  const min = typeof quantization?.['min'] === 'number' ? quantization['min'] : 0;
  return {
    path: name,
    shape,
    bytes: length * numberBytes,
    stored: length * numberBytes,
    compressed: false,
    async read(options: ReadOptions) {
      const raw = await data.read(offset, length * numberBytes);
      options.signal?.throwIfAborted();
      const numbers = decode(raw, type);
      if (quantization !== undefined && type !== 'float16')
        for (const [at, value] of numbers.entries()) numbers[at] = value * scale + min;
      const wrong = firstNotFinite(numbers);
      if (wrong >= 0) {
        throw new ModelFileError(
          'ERR_KERAS_NOT_FINITE',
          `Layer ${options.layer}: ${name} holds ${String(numbers[wrong])} at position ${wrong}: ${file}`,
          { file, layer: options.layer, weight: name },
        );
      }
      options.onBytes(raw.byteLength);
      return numbers;
    },
  };
}

function decode(raw: Uint8Array<ArrayBuffer>, type: string): Float32Array {
  switch (type) {
    case 'uint8':
    case 'bool':
      return Float32Array.from(raw);
    case 'uint16':
      return Float32Array.from(new Uint16Array(raw.buffer));
    case 'int32':
      return Float32Array.from(new Int32Array(raw.buffer));
    default:
      return toFloat32(raw, type === 'float16' ? 'float16' : 'float32');
  }
}

/** Files that follow each other as one. */
interface Group {
  bytes: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The files with the weights, all in the folder of `model.json`. */
class Shards {
  readonly #folder: string;
  readonly #file: string;
  readonly #handles: FileHandle[] = [];
  bytes = 0;

  constructor(folder: string, file: string) {
    this.#folder = folder;
    this.#file = file;
  }

  async group(names: readonly string[]): Promise<Group> {
    const parts: { handle: FileHandle; start: number; end: number }[] = [];
    let total = 0;
    for (const name of names) {
      const place = await this.#find(name);
      const { size } = await stat(place);
      const handle = await open(place, 'r');
      this.#handles.push(handle);
      parts.push({ handle, start: total, end: total + size });
      total += size;
    }
    this.bytes += total;
    return {
      bytes: total,
      async read(offset, length) {
        if (offset + length > total) throw new RangeError(`the files end before byte ${offset + length}`);
        const result = new Uint8Array(length);
        for (const { handle, start, end } of parts) {
          const [from, to] = [Math.max(start, offset), Math.min(end, offset + length)];
          for (let at = from; at < to;) {
            const { bytesRead } = await handle.read(result, at - offset, to - at, at - start);
            if (bytesRead === 0) throw new RangeError('a file with weights became shorter');
            at += bytesRead;
          }
        }
        return result;
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close()));
  }

  /** A path from the manifest may only lead to a file in the folder. Some copies lost or got the ending `.bin`. */
  async #find(name: string): Promise<string> {
    const own = await realpath(this.#folder);
    for (const candidate of [name, `${name}.bin`, name.replace(/\.bin$/u, '')]) {
      const place = path.resolve(own, candidate);
      const real = await realpath(place).catch(() => undefined);
      if (real === undefined) continue;
      if (!real.startsWith(own + path.sep)) {
        throw new ModelFileError(
          'ERR_KERAS_UNSUPPORTED_FORMAT',
          `weightsManifest refers to ${name}, which is not in the folder of the model: ${this.#file}`,
          { file: this.#file },
        );
      }
      if ((await stat(real)).isFile()) return real;
    }
    throw new ModelFileError(
      'ERR_KERAS_FILE_NOT_FOUND',
      `weightsManifest lists ${name}, but there is no such file beside ${this.#file}`,
      { file: this.#file },
    );
  }
}
