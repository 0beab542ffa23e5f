import { ModelFileError } from '../errors.js';
import type { Activation, Graph } from './graph.js';
import { chainOfLayers, type LayerConfig } from './model-config.js';
import { vgg16, VGG16_BLOCKS, VGG16_DENSE } from './vgg16.js';

/** The layer classes of a VGG-16 in order, without input layer and dropout. */
const TOPOLOGY: readonly string[] = [
  ...VGG16_BLOCKS.flatMap((count) => [...Array<string>(count).fill('Conv2D'), 'MaxPooling2D']),
  'Flatten',
  ...VGG16_DENSE.map(() => 'Dense'),
];
const KNOWN = new Set(['InputLayer', 'Dropout', ...TOPOLOGY]);

/**
 * Builds the graph of a VGG-16 from a `model_config`.
 *
 * @param json The attribute `model_config` of the file.
 * @throws {ModelFileError} When the text does not describe a VGG-16.
 */
export function vgg16FromConfig(file: string, json: string): Graph {
  const chain = chainOfLayers(file, json);
  for (const { className, name } of chain) {
    if (!KNOWN.has(className)) {
      throw new ModelFileError(
        'ERR_KERAS_UNSUPPORTED_LAYER',
        `Layer ${name} is a ${className}, but a VGG-16 has no such layer and this package cannot run it: ${file}`,
        { file, layer: name },
      );
    }
  }

  const layers = chain.filter(({ className }) => className !== 'InputLayer' && className !== 'Dropout');
  for (const [index, expected] of TOPOLOGY.entries()) {
    const layer = layers[index];
    if (layer?.className !== expected) {
      throw other(
        file,
        layer?.name,
        layer === undefined
          ? `the model ends, but a ${expected} must follow`
          : `it must be a ${expected}, not a ${layer.className}`,
      );
    }
  }
  const surplus = layers[TOPOLOGY.length];
  if (surplus !== undefined) throw other(file, surplus.name, 'the model must end before this layer');

  for (const layer of layers) checkSettings(file, layer);
  const named = (className: string, widthKey: string) =>
    layers
      .filter((layer) => layer.className === className)
      .map((layer) => ({ name: layer.name, width: positiveInteger(file, layer, widthKey) }));
  const dense = layers.filter(({ className }) => className === 'Dense');
  for (const layer of [...layers.filter(({ className }) => className === 'Conv2D'), ...dense.slice(0, -1)]) {
    if (layer.config['activation'] !== 'relu') throw other(file, layer.name, 'its activation must be relu');
  }
  const input = chain.find(({ className }) => className === 'InputLayer') ?? chain[0];
  return vgg16({
    inputName: input?.className === 'InputLayer' ? input.name : 'input',
    inputShape: inputShape(file, input),
    convolutions: named('Conv2D', 'filters'),
    dense: named('Dense', 'units'),
    activation: lastActivation(file, dense.at(-1)),
  });
}

/** The settings that all VGG-16 networks share, by layer class. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Conv2D: {
    kernel_size: [3, 3],
    strides: [1, 1],
    dilation_rate: [1, 1],
    padding: 'same',
    data_format: 'channels_last',
    groups: 1,
    use_bias: true,
  },
  MaxPooling2D: { pool_size: [2, 2], strides: [2, 2], padding: 'valid', data_format: 'channels_last' },
  Flatten: { data_format: 'channels_last' },
  Dense: { use_bias: true },
};

/** Old files omit these settings or state null. Keras then uses its default, which is the value for a VGG-16. */
const DEFAULT_FITS = new Set(['strides', 'dilation_rate', 'data_format', 'groups', 'use_bias']);

function checkSettings(file: string, { className, name, config }: LayerConfig): void {
  for (const [key, expected] of Object.entries(SETTINGS[className] ?? {})) {
    const stated = config[key] ?? undefined;
    if (stated === undefined && DEFAULT_FITS.has(key)) continue;
    if (JSON.stringify(stated) !== JSON.stringify(expected)) {
      throw other(
        file,
        name,
        `its ${key} must be ${JSON.stringify(expected)}, ` +
          (stated === undefined ? 'but the file does not state it' : `not ${JSON.stringify(stated)}`),
      );
    }
  }
}

function positiveInteger(file: string, { name, config }: LayerConfig, key: string): number {
  const value = config[key];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new ModelFileError(
    'ERR_KERAS_MODEL_CONFIG',
    `Layer ${name}: ${key} must be a positive integer: ${file}`,
    { file, layer: name },
  );
}

function lastActivation(file: string, layer: LayerConfig | undefined): Activation {
  const activation = layer?.config['activation'];
  if (activation === 'softmax' || activation === 'linear') return activation;
  throw other(file, layer?.name, 'its activation must be softmax or linear');
}

/** Smallest height and width of an image in pixels: five halvings leave one pixel of it. */
const SMALLEST_SIDE = 32;

function inputShape(file: string, layer: LayerConfig | undefined): [number, number, number] {
  const shape = layer?.config['batch_shape'] ?? layer?.config['batch_input_shape'];
  const [, rows, columns, channels, ...more] = Array.isArray(shape) ? (shape as readonly unknown[]) : [];
  const fits = (value: unknown, least: number): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
  if (fits(rows, SMALLEST_SIDE) && fits(columns, SMALLEST_SIDE) && fits(channels, 1) && more.length === 0) {
    return [rows, columns, channels];
  }
  throw other(
    file,
    layer?.name,
    `its input shape must state rows and columns (${SMALLEST_SIDE} or more) and channels, ` +
      (shape === undefined ? 'but the file does not state it' : `not ${JSON.stringify(shape)}`),
  );
}

function other(file: string, layer: string | undefined, reason: string): ModelFileError {
  const what = layer === undefined ? 'The model is not a VGG-16' : `Layer ${layer} does not fit a VGG-16`;
  return new ModelFileError('ERR_KERAS_NOT_THIS_ARCHITECTURE', `${what}: ${reason}: ${file}`, {
    file,
    layer,
  });
}
