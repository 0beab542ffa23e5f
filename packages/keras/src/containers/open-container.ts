import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { isObject, type JsonObject } from '../config/json.js';
import { ModelFileError } from '../errors.js';
import type { Container, ReadingOptions, StoredArray } from './container.js';
import { checkComplete, regularFile, systemError } from './hdf5/check-file.js';
import { readSuperblock } from './hdf5/superblock.js';
import { openHdf5 } from './hdf5-container.js';
import { parseJson } from './parse-json.js';
import { openTfjs } from './tfjs-container.js';
import { openKerasZip } from './zip-container.js';

/** Largest JSON file. The topology of a big model has some MB. */
const MOST_JSON_BYTES = 256 * 1024 * 1024;

/**
 * Opens a model file of any format. The first bytes tell the format, never the name.
 *
 * @param file Path of the file, or of a folder that holds an unzipped `.keras` archive or a model of TensorFlow.js.
 * @throws {ModelFileError} When the file is missing, damaged or of another format.
 */
export async function openContainer(file: string, reading: ReadingOptions): Promise<Container> {
  const found = await stat(file).catch((error: unknown) => {
    throw systemError(file, error);
  });
  if (found.isDirectory()) return openFolder(file, reading);
  const { size } = await regularFile(file);
  if (size === 0) {
    throw new ModelFileError(
      'ERR_KERAS_EMPTY_FILE',
      `The model file is empty. Download it again. File: ${file}`,
      { file },
    );
  }
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw systemError(file, error);
  });
  try {
    const superblock = await readSuperblock(handle, size);
    switch (superblock.kind) {
      case 'zip':
        return await openKerasZip(file, size, reading);
      case 'hdf5':
        checkComplete(file, superblock, size);
        return await openHdf5({ path: file, superblock, base: 0, bytes: size }, reading);
      case 'other': {
        const start = Buffer.alloc(64);
        await handle.read(start, 0, start.length, 0);
        if (/^\uFEFF?\s*["{]/u.test(start.toString('utf8'))) return await openJson(file, size, reading);
        throw unknownFormat(file, start);
      }
    }
  } finally {
    await handle.close();
  }
}

async function openFolder(folder: string, reading: ReadingOptions): Promise<Container> {
  const has = async (name: string) =>
    stat(path.join(folder, name)).then(
      (entry) => entry.isFile(),
      () => false,
    );
  if (await has('saved_model.pb')) {
    throw new ModelFileError(
      'ERR_KERAS_UNSUPPORTED_FORMAT',
      `The folder holds a SavedModel of TensorFlow, which cannot be opened here. Load it in Python and save it with model.save('model.keras'). Folder: ${folder}`,
      { file: folder },
    );
  }
  if (await has('config.json')) {
    const config = path.join(folder, 'config.json');
    const weights = path.join(folder, 'model.weights.h5');
    const metadata = await readFile(path.join(folder, 'metadata.json'), 'utf8').catch(() => '{}');
    const version = parseJson(metadata, 'metadata.json', folder);
    const inner = await openContainer(
      (await has('model.weights.h5')) ? weights : path.join(folder, 'model.weights.json'),
      reading,
    );
    return {
      ...inner,
      format: 'an unzipped .keras archive',
      keras:
        isObject(version) && typeof version['keras_version'] === 'string'
          ? version['keras_version']
          : undefined,
      config: parseJson(await readText(config), 'config.json', folder),
    };
  }
  if (await has('model.json')) return openContainer(path.join(folder, 'model.json'), reading);
  throw new ModelFileError(
    'ERR_KERAS_NOT_A_FILE',
    `The folder holds no model: neither config.json of an unzipped .keras archive nor model.json of TensorFlow.js. Folder: ${folder}`,
    { file: folder },
  );
}

/** JSON may be a model of TensorFlow.js, or the list of a sharded weights file of Keras 3. */
async function openJson(file: string, size: number, reading: ReadingOptions): Promise<Container> {
  const json = parseJson(await readText(file), 'the file', file);
  if (isObject(json)) {
    if ('modelTopology' in json || 'weightsManifest' in json) return openTfjs(file, json, size);
    if ('weight_map' in json) return openSharded(file, json, reading);
    if ('class_name' in json || 'layers' in json) {
      throw new ModelFileError(
        'ERR_KERAS_UNSUPPORTED_FORMAT',
        `The file is the configuration of a model and holds no weights. Open the file with the weights, with the option config: '${path.basename(file)}'. File: ${file}`,
        { file },
      );
    }
  }
  throw new ModelFileError('ERR_KERAS_UNSUPPORTED_FORMAT', `The JSON file is not a model: ${file}`, { file });
}

/** Source: `ShardedH5IOStore` of `keras/src/saving/saving_lib.py`. */
async function openSharded(file: string, json: JsonObject, reading: ReadingOptions): Promise<Container> {
  const map = json['weight_map'];
  const names = new Set(
    Object.values(isObject(map) ? map : {})
      .flat()
      .filter((name) => typeof name === 'string'),
  );
  const arrays = new Map<string, StoredArray>();
  const parts: Container[] = [];
  const close = async () => {
    await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
  };
  try {
    for (const name of names) {
      if (path.basename(name) !== name) {
        throw new ModelFileError(
          'ERR_KERAS_UNSUPPORTED_FORMAT',
          `weight_map refers to ${name}, which is not in the folder: ${file}`,
          { file },
        );
      }
      const part = await openContainer(path.join(path.dirname(file), name), reading);
      parts.push(part);
      if (part.weights.kind === 'tree')
        for (const [key, array] of part.weights.arrays) arrays.set(key, array);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    format: 'sharded weights',
    keras: '3',
    config: undefined,
    assets: new Map(),
    weights: { kind: 'tree', arrays },
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    [Symbol.asyncDispose]: close,
  };
}

async function readText(file: string): Promise<string> {
  const { size } = await regularFile(file);
  if (size > MOST_JSON_BYTES) {
    throw new ModelFileError(
      'ERR_KERAS_SIZE_NOT_CREDIBLE',
      `A JSON file of ${size} bytes is not a model: ${file}`,
      { file },
    );
  }
  return readFile(file, 'utf8');
}

function unknownFormat(file: string, start: Buffer): ModelFileError {
  const pickle = start[0] === 0x80 && (start[1] ?? 0) <= 5;
  if (pickle) {
    return new ModelFileError(
      'ERR_KERAS_UNSUPPORTED_FORMAT',
      `The file is a pickled Python object, which can run code and is not opened. Save the model with model.save('model.keras'). File: ${file}`,
      { file },
    );
  }
  return new ModelFileError(
    'ERR_KERAS_NOT_HDF5',
    `The file is not an HDF5 file, because it has no HDF5 signature, and no .keras archive. Use a file that Keras saved. File: ${file}`,
    { file },
  );
}

/** Reads a configuration file that lies beside a weights-only file. */
export async function readConfigFile(file: string): Promise<unknown> {
  await regularFile(file);
  return parseJson(await readText(file), 'the configuration', file);
}
