import { ModelFileError } from '../errors.js';
import type { Container, ReadingOptions, StoredArray, StoredWeights } from './container.js';
import { integerAttribute, textAttribute } from './hdf5/attributes.js';
import { Hdf5File } from './hdf5/hdf5-file.js';
import { readNamedLayers } from './hdf5/layouts/named.js';
import { readNumberedLayers } from './hdf5/layouts/numbered.js';
import { listDatasets } from './hdf5/list-datasets.js';
import { readWeight } from './hdf5/read-weight.js';
import type { StoredLayer, StoredWeight } from './hdf5/stored-model.js';
import type { Hdf5Superblock } from './hdf5/superblock.js';
import { parseJson } from './parse-json.js';

/** An HDF5 file, or a part of a file that is one. */
export interface Hdf5Place {
  path: string;
  superblock: Hdf5Superblock;
  /** Position of its first byte in the file. */
  base: number;
  /** Size in bytes. */
  bytes: number;
}

/** Opens an HDF5 file of any version of Keras: a whole model or only weights. */
export async function openHdf5(place: Hdf5Place, reading: ReadingOptions): Promise<Container> {
  const file = await Hdf5File.open(place.path, place.superblock, place.base);
  try {
    const config = configOf(file);
    return {
      format: config === undefined ? 'HDF5 with weights only' : 'HDF5 with a whole model',
      keras: textAttribute(file, '/', 'keras_version') ?? versionIn(file),
      config,
      assets: new Map(),
      weights: weightsOf(file, reading),
      bytes: place.bytes,
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function configOf(file: Hdf5File): unknown {
  const text = textAttribute(file, '/', 'model_config');
  return text === undefined ? undefined : parseJson(text, 'model_config', file.path);
}

function versionIn(file: Hdf5File): string | undefined {
  return file.kind('/model_weights') === 'group'
    ? textAttribute(file, '/model_weights', 'keras_version')
    : undefined;
}

function weightsOf(file: Hdf5File, reading: ReadingOptions): StoredWeights {
  for (const root of ['/model_weights', '/']) {
    if (root !== '/' && file.kind(root) !== 'group') continue;
    const found = readNamedLayers(file, root, reading.kernels);
    if (found !== undefined)
      return { kind: 'layers', named: true, layers: toLayers(file, found.layers), rotated: found.rotated };
  }
  if (integerAttribute(file, '/', 'nb_layers') !== undefined) {
    const layers = readNumberedLayers(file, reading.kernels, reading.flatten) ?? [];
    return { kind: 'layers', named: false, layers: toLayers(file, layers), rotated: false };
  }
  const paths = listDatasets(file, (path) => /^\/(optimizer|metrics|_metrics|compile_metrics)\b/u.test(path));
  // Keras on Windows wrote backslashes into the names of groups.
  const arrays = new Map(
    paths.map((path) => [path.slice(1).replaceAll('\\', '/'), toArray(file, asStored(file, path))] as const),
  );
  const known =
    [...arrays.keys()].some((path) => /(^|\/)vars\/\d+$/u.test(path)) || file.kind('/layers') === 'group';
  if (known || file.kind('/vars') === 'group') return { kind: 'tree', arrays };
  throw new ModelFileError(
    'ERR_KERAS_UNKNOWN_LAYOUT',
    `The HDF5 file is not a Keras model. It has no attribute layer_names or nb_layers and no group model_weights. File: ${file.path}`,
    { file: file.path },
  );
}

function asStored(file: Hdf5File, path: string): StoredWeight {
  const dataset = file.dataset(path);
  return { dataset, shape: dataset.shape, arrangement: { kind: 'as stored' } };
}

function toLayers(file: Hdf5File, layers: readonly StoredLayer[]) {
  return layers.map(({ name, weights }) => ({
    name,
    arrays: weights.map((weight) => toArray(file, weight)),
  }));
}

function toArray(file: Hdf5File, weight: StoredWeight): StoredArray {
  const { dataset } = weight;
  return {
    path: dataset.path,
    shape: weight.shape,
    bytes: dataset.bytes,
    compressed: dataset.compressed,
    read: (options) => readWeight(file, weight, options),
  };
}
