import { KerasError, OptionError } from '../errors.js';
import { probabilitiesOf } from '../graph/ends.js';
import { graphOf, type Model, type TensorInfo } from '../model.js';
import { findPreprocessing, type FoundPreprocessing } from './find-preprocessing.js';
import { preprocess, type Preprocessing, PREPROCESSINGS } from './preprocess.js';

/** Options of `imageClassifier`. */
export interface ImageClassifierOptions {
  /**
   * How the model wants its pixels.
   *
   * @default 'none' if the model scales its input itself; that of Keras if it has the layers of a `keras.applications`
   * model; else 'unit'
   */
  preprocessing?: Preprocessing | undefined;
  /**
   * Size of the images in pixels, for a model that takes images of any size.
   *
   * @default { width: 224, height: 224 }
   */
  size?: { width: number; height: number } | undefined;
}

/** A model as a function from images to probabilities. */
export interface ImageClassifier {
  /** Size of the images that it takes, in pixels. */
  readonly width: number;
  readonly height: number;
  /** 1: the model sees brightness only. */
  readonly channels: 1 | 3;
  readonly preprocessing: Preprocessing;
  /** How the preprocessing was found, as the end of a sentence. */
  readonly reason: string;
  /** Number of classes. A model with one output has two: not and is. */
  readonly classes: number;
  /**
   * `probabilities`: the model computes them. `scores`: it computes numbers of any size (logits), and `classify` makes
   * probabilities of them, by a softmax over the classes or, for one output, by a sigmoid.
   */
  readonly output: 'probabilities' | 'scores';
  /**
   * Classifies images in one prediction.
   *
   * @param images For each image `height * width * 3` bytes: red, green and blue of each pixel, row by row.
   * @returns For each image the probability of every class.
   * @throws {InputError} When an image has another length.
   */
  classify(images: readonly Uint8Array[]): Promise<Float32Array[]>;
}

/** The dimensions of an image in the model's input. */
interface Layout {
  order: 'rows, columns' | 'rows, columns, channels' | 'channels, rows, columns';
  rows: number | null;
  columns: number | null;
  channels: 1 | 3;
}

/**
 * Prepares a model that classifies images: finds out the size, order and scale of its pixels and what its output means.
 * Runs one prediction, so that the next is as fast as all others.
 *
 * @throws {KerasError} When the model takes no image, or gives no classes (`ERR_KERAS_NOT_A_CLASSIFIER`).
 * @throws {OptionError} When an option does not fit the model.
 * @throws {EngineError} When the engine fails.
 */
export async function imageClassifier(
  model: Model,
  options: ImageClassifierOptions = {},
): Promise<ImageClassifier> {
  const input = onlyOne(model.inputs, 'input');
  const outputs = classesOf(onlyOne(model.outputs, 'output'));
  const layout = layoutOf(input);
  const { width, height } = sizeOf(layout, options.size);
  const found = preprocessingFor(model, layout, options.preprocessing);
  const shape = {
    'rows, columns': [height, width],
    'rows, columns, channels': [height, width, layout.channels],
    'channels, rows, columns': [layout.channels, height, width],
  }[layout.order];
  const length = height * width * layout.channels;

  const predict = async (images: readonly Uint8Array[]): Promise<Float32Array[]> => {
    const data = new Float32Array(images.length * length);
    for (const [index, rgb] of images.entries()) {
      if (rgb.length !== width * height * 3)
        throw new OptionError(
          'images',
          `image ${index} must have ${width * height * 3} bytes, not ${rgb.length}`,
        );
      const pixels = layout.channels === 1 ? brightness(rgb) : rgb;
      const numbers = preprocess(pixels, found.preprocessing);
      data.set(
        layout.order === 'channels, rows, columns' ? channelsFirst(numbers, layout.channels) : numbers,
        index * length,
      );
    }
    const [output] = await model.predict([{ data, shape: [images.length, ...shape] }]);
    if (output === undefined) throw new Error('the model returned no output');
    return images.map((_, index) => output.data.slice(index * outputs, (index + 1) * outputs));
  };

  const [black = new Float32Array()] = await predict([new Uint8Array(width * height * 3)]);
  const last = graphOf(model).outputs[0];
  const known = last === undefined ? undefined : probabilitiesOf(last.value);
  // Probabilities that are computed in another way, for example as the mean of two networks, are known by their sum.
  const given = known !== undefined || (outputs > 1 && addUpToOne(black));
  return {
    width,
    height,
    channels: layout.channels,
    preprocessing: found.preprocessing,
    reason: found.reason,
    classes: outputs === 1 ? 2 : outputs,
    output: given ? 'probabilities' : 'scores',
    classify: async (images) =>
      images.length === 0 ? [] : (await predict(images)).map((one) => (given ? both(one) : normalized(one))),
  };
}

function onlyOne(tensors: readonly TensorInfo[], what: 'input' | 'output'): TensorInfo {
  const [tensor, ...more] = tensors;
  if (tensor !== undefined && more.length === 0) return tensor;
  throw unfit(`it has ${tensors.length} ${what}s: ${tensors.map(describe).join(', ')}`);
}

function unfit(reason: string): KerasError {
  return new KerasError(
    'ERR_KERAS_NOT_A_CLASSIFIER',
    `The model is not a classifier of single images: ${reason}`,
  );
}

function describe({ name, shape, dtype }: TensorInfo): string {
  return `${name} (${shape.map((length) => length ?? '?').join(', ')}) ${dtype}`;
}

function classesOf(output: TensorInfo): number {
  const [, ...lengths] = output.shape;
  const classes = lengths.at(-1);
  if (typeof classes === 'number' && lengths.slice(0, -1).every((length) => length === 1)) return classes;
  throw unfit(`it must give one number for each class, but its output is ${describe(output)}`);
}

function layoutOf(input: TensorInfo): Layout {
  const [, a = null, b = null, c = null] = input.shape;
  const isChannels = (length: number | null): length is 1 | 3 => length === 1 || length === 3;
  if (input.dtype === 'float32' || input.dtype === 'int32') {
    if (input.shape.length === 3) return { order: 'rows, columns', rows: a, columns: b, channels: 1 };
    if (input.shape.length === 4 && (c === null ? !isChannels(a) : isChannels(c)))
      return { order: 'rows, columns, channels', rows: a, columns: b, channels: isChannels(c) ? c : 3 };
    if (input.shape.length === 4 && isChannels(a))
      return { order: 'channels, rows, columns', rows: b, columns: c, channels: a };
  }
  throw unfit(`it must take grey or colour images, but its input is ${describe(input)}`);
}

function sizeOf({ rows, columns }: Layout, size: ImageClassifierOptions['size']) {
  if (size !== undefined) {
    for (const [length, fixed] of [
      [size.height, rows],
      [size.width, columns],
    ] as const) {
      if (!Number.isSafeInteger(length) || length < 1)
        throw new OptionError('size', 'size must be { width, height } in pixels');
      if (fixed !== null && fixed !== length)
        throw new OptionError(
          'size',
          `size cannot be set: the model takes ${columns ?? 'any'} x ${rows ?? 'any'} pixels`,
        );
    }
  }
  return { width: columns ?? size?.width ?? 224, height: rows ?? size?.height ?? 224 };
}

function preprocessingFor(
  model: Model,
  { channels }: Layout,
  given: Preprocessing | undefined,
): FoundPreprocessing {
  if (given !== undefined && !PREPROCESSINGS.includes(given)) {
    throw new OptionError(
      'preprocessing',
      `preprocessing must be ${PREPROCESSINGS.join(', ')}, not ${JSON.stringify(given)}`,
    );
  }
  const wholeNumbers = model.inputs[0]?.dtype === 'int32';
  const found: FoundPreprocessing =
    given !== undefined
      ? { preprocessing: given, reason: 'as requested' }
      : wholeNumbers
        ? { preprocessing: 'none', reason: 'because the model takes whole numbers' }
        : findPreprocessing(model);
  const { preprocessing } = found;
  if (channels === 1 && (preprocessing === 'caffe' || preprocessing === 'torch'))
    throw new OptionError(
      'preprocessing',
      `preprocessing ${preprocessing} needs colours, but the model takes grey images`,
    );
  if (wholeNumbers && preprocessing !== 'none')
    throw new OptionError(
      'preprocessing',
      `preprocessing must be none, because the model takes whole numbers`,
    );
  return found;
}

/** The grey of `PIL.Image.convert('L')`, with which Keras loads grey images. */
function brightness(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let at = 0; at < grey.length; at++) {
    const [red, green, blue] = [rgb[3 * at] ?? 0, rgb[3 * at + 1] ?? 0, rgb[3 * at + 2] ?? 0];
    grey[at] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
  }
  return grey;
}

function channelsFirst(numbers: Float32Array, channels: number): Float32Array {
  const pixels = numbers.length / channels;
  return Float32Array.from(
    numbers,
    (_, at) => numbers[(at % pixels) * channels + Math.floor(at / pixels)] ?? 0,
  );
}

function addUpToOne(numbers: Float32Array): boolean {
  return numbers.every((one) => one >= 0) && Math.abs(numbers.reduce((sum, one) => sum + one, 0) - 1) < 1e-3;
}

/** One probability stands for two classes. */
function both(numbers: Float32Array): Float32Array {
  const [is = 0] = numbers;
  return numbers.length === 1 ? Float32Array.of(1 - is, is) : numbers;
}

function normalized(scores: Float32Array): Float32Array {
  if (scores.length === 1) return both(scores.map((score) => 1 / (1 + Math.exp(-score))));
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
