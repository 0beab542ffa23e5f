import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { File, type Group, ready } from 'h5wasm/node';

import { temporaryDirectory } from './files.js';

export interface StoredTensor {
  shape: number[];
  data: number[];
}

export interface StoredLayer {
  name: string;
  /** In the order of the file. */
  weights: StoredTensor[];
}

/** Writes a whole-model HDF5 file and returns its path. */
export async function writeHdf5(
  config: unknown,
  version: string,
  layers: readonly StoredLayer[],
): Promise<string> {
  await ready;
  const name = path.join(await temporaryDirectory(), 'model.h5');
  const file = new File(name, 'w');
  const text = (target: File | Group, key: string, value: string) => {
    target.create_attribute(key, value, null, `S${Buffer.byteLength(value)}`);
  };
  const list = (target: Group, key: string, values: string[]) => {
    if (values.length === 0) {
      target.create_attribute(key, new Float64Array(0));
      return;
    }
    const longest = Math.max(...values.map((value) => Buffer.byteLength(value)));
    target.create_attribute(key, values, [values.length], `S${longest}`);
  };
  text(file, 'keras_version', version);
  text(file, 'model_config', JSON.stringify(config));
  const groups = file.create_group('model_weights');
  list(
    groups,
    'layer_names',
    layers.map((layer) => layer.name),
  );
  for (const layer of layers) {
    const group = groups.create_group(layer.name);
    const names = layer.weights.map((_, index) => `weight_${index}`);
    list(group, 'weight_names', names);
    for (const [index, { data, shape }] of layer.weights.entries()) {
      group.create_dataset({ name: names[index] ?? '', data: Float32Array.from(data), shape });
    }
  }
  file.close();
  return name;
}

/** Writes a layers model of TensorFlow.js and returns the path of its `model.json`. */
export async function writeTfjs(
  topology: unknown,
  weights: readonly (StoredTensor & { name: string })[],
): Promise<string> {
  const folder = await temporaryDirectory();
  const numbers = Float32Array.from(weights.flatMap(({ data }) => data));
  await writeFile(path.join(folder, 'weights.bin'), Buffer.from(numbers.buffer));
  const manifest = {
    paths: ['weights.bin'],
    weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
  };
  const name = path.join(folder, 'model.json');
  await writeFile(
    name,
    JSON.stringify({ format: 'layers-model', modelTopology: topology, weightsManifest: [manifest] }),
  );
  return name;
}
