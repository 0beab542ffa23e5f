import type { StoredLayer, StoredWeights } from '../containers/container.js';
import { ModelFileError } from '../errors.js';

/**
 * Convolutions per block. Source: configuration D of Simonyan and Zisserman, "Very Deep Convolutional Networks" (2014).
 */
export const VGG16_BLOCKS = [2, 2, 3, 3, 3] as const;
/** The names of the layers in `keras.applications.VGG16`. */
const CONVOLUTIONS: readonly string[] = VGG16_BLOCKS.flatMap((count, block) =>
  Array.from({ length: count }, (_, index) => `block${block + 1}_conv${index + 1}`),
);
export const VGG16_DENSE = ['fc1', 'fc2', 'predictions'] as const;

/**
 * Writes the configuration of the VGG-16 for which a weights-only file was made. The file does not state widths, input
 * size and number of classes, so they are computed from the shapes of the weights.
 *
 * The input size follows from the first dense layer. This layer has one input for each channel of each pixel that is
 * left after five halvings of the image. The image is assumed to be square.
 *
 * @throws {ModelFileError} When the weights are not those of a VGG-16.
 */
export function vgg16Config(file: string, weights: StoredWeights): unknown {
  if (weights.kind !== 'layers') {
    throw new ModelFileError(
      'ERR_KERAS_NOT_THIS_ARCHITECTURE',
      `The file does not name its layers, so it cannot be told whether it is a VGG-16. Set the option config. File: ${file}`,
      { file },
    );
  }
  const full = weights.layers.filter(({ arrays }) => arrays.length > 0);
  refuseNoTop(file, weights.named, full);
  const names = [...CONVOLUTIONS, ...VGG16_DENSE];
  const layers = names.map((name, index) => {
    const layer = weights.named ? full.find((one) => one.name === name) : full[index];
    if (layer === undefined) throw missing(file, weights.named, name, index, full.length);
    return checked(file, name, layer);
  });
  const extra = weights.named ? full.find(({ name }) => !names.includes(name)) : full[names.length];
  if (extra !== undefined) {
    throw new ModelFileError(
      'ERR_KERAS_EXTRA_LAYER',
      `Layer ${extra.name} is in the file but not in the model: ${file}`,
      {
        file,
        layer: extra.name,
      },
    );
  }
  const widths = layers.map((_, index) => width(layers, index));
  const last = widths[CONVOLUTIONS.length - 1] ?? 0;
  const side = 32 * placesPerSide(file, layers[CONVOLUTIONS.length], last);
  return {
    class_name: 'Sequential',
    config: { name: 'vgg16', layers: layerList([null, side, side, layers[0]?.kernel.at(-2) ?? 3], widths) },
  };
}

interface Shapes {
  name: string;
  kernel: readonly number[];
  bias: readonly number[];
  path: string;
}

function layerList(input: readonly (number | null)[], widths: readonly number[]): unknown[] {
  const list: unknown[] = [
    { class_name: 'InputLayer', config: { name: 'input', batch_input_shape: input, dtype: 'float32' } },
  ];
  let at = 0;
  for (const [block, count] of VGG16_BLOCKS.entries()) {
    for (let index = 1; index <= count; index++) {
      list.push({
        class_name: 'Conv2D',
        config: {
          name: `block${block + 1}_conv${index}`,
          filters: widths[at++],
          kernel_size: [3, 3],
          padding: 'same',
          activation: 'relu',
        },
      });
    }
    list.push({ class_name: 'MaxPooling2D', config: { name: `block${block + 1}_pool`, pool_size: [2, 2] } });
  }
  list.push({ class_name: 'Flatten', config: { name: 'flatten' } });
  for (const name of VGG16_DENSE) {
    const activation = name === 'predictions' ? 'softmax' : 'relu';
    list.push({ class_name: 'Dense', config: { name, units: widths[at++], activation } });
  }
  return list;
}

/** Keras also publishes VGG-16 without its dense layers, so that users can add their own. */
function refuseNoTop(file: string, named: boolean, layers: readonly StoredLayer[]): void {
  const has = (name: string) => layers.some((layer) => layer.name === name);
  if (named && CONVOLUTIONS.every(has) && !VGG16_DENSE.some(has)) {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_LAYER',
      `The file has the convolutions of VGG-16 but not its dense layers (fc1, fc2, predictions). It is a "notop" file, ` +
        `which cannot classify. Use the file with all layers, or architecture: { name: 'vgg16', includeTop: false }. File: ${file}`,
      { file, layer: VGG16_DENSE[0] },
    );
  }
}

function missing(file: string, named: boolean, name: string, index: number, count: number): ModelFileError {
  const why = named
    ? `Layer ${name} is in the model but not in the file`
    : `The model needs at least ${index + 1} layers with weights (next is ${name}), but the file has ${count}`;
  return new ModelFileError('ERR_KERAS_MISSING_LAYER', `${why}: ${file}`, { file, layer: name });
}

function checked(file: string, name: string, { arrays }: StoredLayer): Shapes {
  const [kernel, bias, ...more] = arrays;
  if (kernel === undefined || bias === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_WEIGHT',
      `Layer ${name} needs a kernel and a bias, but the file has only one weight for it: ${file}`,
      { file, layer: name, weight: kernel?.path },
    );
  }
  if (more.length > 0) {
    throw new ModelFileError(
      'ERR_KERAS_NOT_THIS_ARCHITECTURE',
      `Layer ${name} has ${arrays.length} weights in the file, but the model needs only a kernel and a bias: ${file}`,
      { file, layer: name, weight: more[0]?.path },
    );
  }
  const convolution = CONVOLUTIONS.includes(name);
  const [rows, columns] = kernel.shape;
  const misshapen =
    kernel.shape.length !== (convolution ? 4 : 2) || (convolution && (rows !== 3 || columns !== 3));
  const [units = 1] = bias.shape;
  if (misshapen || kernel.shape.includes(0)) {
    const [inputs = 1] = kernel.shape.slice(-2);
    throw wrongShape(file, name, 'kernel', convolution ? [3, 3, inputs, units] : [inputs, units], kernel);
  }
  if (bias.shape.length !== 1 || units === 0)
    throw wrongShape(file, name, 'bias', [kernel.shape.at(-1) ?? 1], bias);
  return { name, kernel: kernel.shape, bias: bias.shape, path: kernel.path };
}

function wrongShape(
  file: string,
  layer: string,
  role: string,
  expected: readonly number[],
  { shape: actual, path: weight }: { shape: readonly number[]; path: string },
): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_WRONG_SHAPE',
    `Layer ${layer}: the ${role} must have shape (${expected.join(', ')}), but the file has (${actual.join(', ')}): ${file}`,
    { file, layer, weight, expected, actual },
  );
}

/**
 * Number of outputs of a layer. Its kernel, its bias and the kernel of the next layer each state it. If they disagree,
 * the majority wins, so that the error blames the right weight.
 */
function width(layers: readonly Shapes[], index: number): number {
  const said = [layers[index]?.kernel.at(-1), layers[index]?.bias[0], layers[index + 1]?.kernel.at(-2)];
  const [own = 0] = said;
  return said.find((value, position) => value !== undefined && said.indexOf(value) !== position) ?? own;
}

function placesPerSide(file: string, layer: Shapes | undefined, channels: number): number {
  const [rows = 0, units = 0] = layer?.kernel ?? [];
  const side = Math.sqrt(rows / channels);
  if (layer !== undefined && !Number.isInteger(side)) {
    const nearest = Math.max(1, Math.round(side)) ** 2 * channels;
    throw wrongShape(file, layer.name, 'kernel', [nearest, units], { shape: layer.kernel, path: layer.path });
  }
  return side;
}
