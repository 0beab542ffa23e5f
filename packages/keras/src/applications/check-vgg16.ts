import { isList } from '../config/json.js';
import type { LayerSpec, ModelSpec } from '../config/model-spec.js';
import { ModelFileError } from '../errors.js';
import { VGG16_BLOCKS, VGG16_DENSE } from './vgg16.js';

/** The layer classes of a VGG-16 in order, without input layer and dropout. */
const TOPOLOGY: readonly string[] = [
  ...VGG16_BLOCKS.flatMap((count) => [...Array<string>(count).fill('Conv2D'), 'MaxPooling2D']),
  'Flatten',
  ...VGG16_DENSE.map(() => 'Dense'),
];

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
/** A pooling has other defaults than a convolution. */
const POOLING_DEFAULTS = new Set(['strides', 'padding', 'data_format']);

/** Smallest height and width of an image in pixels: five halvings leave one pixel of it. */
const SMALLEST_SIDE = 32;

/**
 * Checks that a model is a VGG-16, with any width, input size and number of classes.
 *
 * @throws {ModelFileError} When it is another network.
 */
export function checkVgg16(file: string, model: ModelSpec): void {
  const layers = model.calls
    .map(({ layer }) => layer)
    .filter(({ className }) => className !== 'InputLayer' && className !== 'Dropout');
  for (const call of model.calls) {
    if (call.args.length > 1 || call.args[0]?.kind === 'list') {
      throw other(file, call.layer.name, 'it takes its input from several layers');
    }
  }
  for (const [index, expected] of TOPOLOGY.entries()) {
    const layer = layers[index];
    if (layer?.className === expected) continue;
    const reason =
      layer === undefined
        ? `the model ends, but a ${expected} must follow`
        : `it must be a ${expected}, not a ${layer.className}`;
    throw other(file, layer?.name, reason);
  }
  const surplus = layers[TOPOLOGY.length];
  if (surplus !== undefined) throw other(file, surplus.name, 'the model must end before this layer');

  for (const layer of layers) checkSettings(file, layer);
  const last = layers.at(-1);
  for (const layer of layers) checkActivation(file, layer, layer === last);
  checkInput(
    file,
    model.layers.find(({ className }) => className === 'InputLayer'),
  );
}

function checkSettings(file: string, { className, name, settings }: LayerSpec): void {
  for (const [key, expected] of Object.entries(SETTINGS[className] ?? {})) {
    const stated = settings[key] ?? undefined;
    const defaults = className === 'MaxPooling2D' ? POOLING_DEFAULTS : DEFAULT_FITS;
    if (stated === undefined && defaults.has(key)) continue;
    if (JSON.stringify(stated) === JSON.stringify(expected)) continue;
    const but = stated === undefined ? 'but the file does not state it' : `not ${JSON.stringify(stated)}`;
    throw other(file, name, `its ${key} must be ${JSON.stringify(expected)}, ${but}`);
  }
}

function checkActivation(file: string, { className, name, settings }: LayerSpec, last: boolean): void {
  if (className !== 'Conv2D' && className !== 'Dense') return;
  const { activation } = settings;
  if (last ? activation === 'softmax' || activation === 'linear' : activation === 'relu') return;
  throw other(file, name, `its activation must be ${last ? 'softmax or linear' : 'relu'}`);
}

function checkInput(file: string, layer: LayerSpec | undefined): void {
  const shape = layer?.settings['batch_shape'];
  const [, rows, columns, channels, ...more] = isList(shape) ? shape : [];
  const fits = (value: unknown, least: number) => Number.isSafeInteger(value) && Number(value) >= least;
  if (fits(rows, SMALLEST_SIDE) && fits(columns, SMALLEST_SIDE) && fits(channels, 1) && more.length === 0)
    return;
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
