import path from 'node:path';

import { File, Group, ready } from 'h5wasm/node';

import { temporaryDirectory } from './files.js';

export interface Weights {
  kernel: { data: Float32Array; shape: number[] };
  bias: { data: Float32Array; shape: number[] };
}

const BLOCKS = [2, 2, 3, 3, 3];

/** The weights of a VGG-16 with all its layers but few numbers: two or three channels, 32×32 pixels, four classes. */
export function tinyWeights(): Map<string, Weights> {
  const layers = new Map<string, Weights>();
  let seed = 1;
  const random = (length: number) =>
    Float32Array.from({ length }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      return seed / 2 ** 32 + 0.1;
    });
  const add = (name: string, shape: number[]) => {
    const units = shape.at(-1) ?? 0;
    layers.set(name, {
      kernel: { data: random(shape.reduce((a, b) => a * b)), shape },
      bias: { data: random(units), shape: [units] },
    });
  };
  let channels = 3;
  for (const [block, count] of BLOCKS.entries()) {
    for (let index = 1; index <= count; index++) {
      add(`block${block + 1}_conv${index}`, [3, 3, channels, 2]);
      channels = 2;
    }
  }
  add('fc1', [2, 3]);
  add('fc2', [3, 3]);
  add('predictions', [3, 4]);
  return layers;
}

/** Writes an HDF5 file into a temporary directory and returns its path. */
export async function writeFile(
  fill: (file: File) => void,
  options: { libver?: 'latest' } = {},
): Promise<string> {
  await ready;
  const name = path.join(await temporaryDirectory(), 'model.h5');
  const file = new File(name, 'w', options);
  fill(file);
  file.close();
  return name;
}

/** Writes weights by layer name, as Keras 2 does. */
export function writeNamed(
  group: Group,
  layers: ReadonlyMap<string, Weights>,
  options: { gzip?: boolean; chunks?: number[]; float64?: boolean } = {},
): void {
  const { gzip = false, float64 = false } = options;
  const chunks = options.chunks ?? (gzip ? [2, 2, 2, 2] : undefined);
  const stored = ({ data, shape }: Weights['kernel']) => ({
    data: float64 ? Float64Array.from(data) : data,
    shape,
    ...(chunks === undefined
      ? {}
      : {
          chunks: shape.map((length, axis) => Math.min(length, chunks[axis] ?? 1)),
          compression: 9,
        }),
  });
  const names = [...layers.keys()];
  group.create_attribute('layer_names', names, [names.length], longest(names));
  for (const [name, weights] of layers) {
    const layer = groupAt(group, name);
    const weightNames = [`${name}/kernel:0`, `${name}/bias:0`];
    layer.create_attribute('weight_names', weightNames, [2], longest(weightNames));
    const inner = groupAt(layer, name);
    inner.create_dataset({ name: 'kernel:0', ...stored(weights.kernel) });
    inner.create_dataset({ name: 'bias:0', ...stored(weights.bias) });
  }
}

/**
 * Returns the group at a path and creates missing groups. The path may be deep, because a layer's name may have
 * slashes.
 */
function groupAt(group: Group, path: string): Group {
  return path.split('/').reduce((parent, name) => {
    const found = parent.keys().includes(name) ? parent.get(name) : parent.create_group(name);
    if (found instanceof Group) return found;
    throw new Error(`no group ${name}`);
  }, group);
}

/** The h5wasm type of strings with a fixed length in UTF-8. */
function longest(names: readonly string[]): string {
  return `S${Math.max(...names.map((name) => Buffer.byteLength(name)))}`;
}

/** Writes numbered layers, as Keras 0.3 did on Theano: kernels have the shape (outputs, inputs, rows, columns). */
export function writeNumbered(file: File, layers: ReadonlyMap<string, Weights>, rotated = false): void {
  file.create_attribute('nb_layers', layers.size);
  for (const [index, { kernel, bias }] of [...layers.values()].entries()) {
    const layer = file.create_group(`layer_${index}`);
    layer.create_attribute('nb_params', 2);
    layer.create_dataset({
      name: 'param_0',
      ...(kernel.shape.length === 4 ? outputsFirst(kernel, rotated) : kernel),
    });
    layer.create_dataset({ name: 'param_1', ...bias });
  }
}

function outputsFirst({ data, shape }: Weights['kernel'], rotated: boolean): Weights['kernel'] {
  const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
  const area = rows * columns;
  const result = new Float32Array(data.length);
  for (let position = 0; position < area; position++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        const to = rotated ? area - 1 - position : position;
        result[(output * inputs + input) * area + to] =
          data[(position * inputs + input) * outputs + output] ?? NaN;
      }
    }
  }
  return { data: result, shape: [outputs, inputs, rows, columns] };
}

export interface LayerJson {
  class_name: string;
  config: Record<string, unknown>;
}

/** The layers of a Sequential `model_config` that fits `tinyWeights`. */
export function tinyConfig(): LayerJson[] {
  const convolution = (name: string): LayerJson => ({
    class_name: 'Conv2D',
    config: { name, filters: 2, kernel_size: [3, 3], padding: 'same', activation: 'relu' },
  });
  const dense = (name: string, units: number, activation: string): LayerJson => ({
    class_name: 'Dense',
    config: { name, units, activation },
  });
  return [
    { class_name: 'InputLayer', config: { name: 'image', batch_input_shape: [null, 32, 32, 3] } },
    ...BLOCKS.flatMap((count, block) => [
      ...Array.from({ length: count }, (_, index) => convolution(`block${block + 1}_conv${index + 1}`)),
      {
        class_name: 'MaxPooling2D',
        config: { name: `block${block + 1}_pool`, pool_size: [2, 2], padding: 'valid' },
      },
    ]),
    { class_name: 'Flatten', config: { name: 'flatten' } },
    dense('fc1', 3, 'relu'),
    dense('fc2', 3, 'relu'),
    dense('predictions', 4, 'softmax'),
  ];
}

/** Writes a whole model: `model_config` and weights. */
export function writeWhole(
  file: File,
  layers: LayerJson[],
  weights: ReadonlyMap<string, Weights> = tinyWeights(),
  className = 'Sequential',
): void {
  const nameOf = (layer: LayerJson | undefined) => [[layer?.config['name'], 0, 0]];
  const ends = { input_layers: nameOf(layers[0]), output_layers: nameOf(layers.at(-1)) };
  const config = JSON.stringify({
    class_name: className,
    config: { name: 'vgg', layers, ...(className === 'Sequential' ? {} : ends) },
  });
  file.create_attribute('model_config', config, null, `S${Buffer.byteLength(config)}`);
  writeNamed(file.create_group('model_weights'), weights);
}

export function groupOf(file: File, name: string): Group {
  const group = file.get(name);
  if (group instanceof Group) return group;
  throw new Error(`no group ${name}`);
}
