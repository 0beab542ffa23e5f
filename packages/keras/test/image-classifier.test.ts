/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { layerNamesOf } from '../src/applications/application.js';
import { type ImageClassifier, imageClassifier, type ImageClassifierOptions } from '../src/imagenet/index.js';
import { loadModel } from '../src/index.js';
import { type StoredTensor, writeHdf5 } from './support/write-model.js';

type Layer = readonly [className: string, settings?: Record<string, unknown>];

interface Given {
  /** Shape of the input, without the batch. */
  shape: readonly (number | null)[];
  dtype?: string;
  layers: readonly Layer[];
  /** Weights of the last layer. */
  weights?: StoredTensor[];
}

/** One row of two pixels: a red and a bluish one. */
const IMAGE = Uint8Array.of(255, 0, 0, 10, 20, 200);

/** Writes and opens a model, and passes the classifier to `use`. */
async function using<T>(
  { shape, dtype = 'float32', layers, weights }: Given,
  options: ImageClassifierOptions,
  use: (classifier: ImageClassifier) => T | Promise<T>,
): Promise<T> {
  const input: Layer = ['InputLayer', { name: 'image', batch_input_shape: [null, ...shape], dtype }];
  const all = [input, ...layers].map(([className, settings], index) => ({
    class_name: className,
    config: { name: `own_${index}`, ...settings },
  }));
  const config = { class_name: 'Sequential', config: { name: 'model', layers: all } };
  const stored = weights === undefined ? [] : [{ name: `own_${layers.length}`, weights }];
  await using model = await loadModel(await writeHdf5(config, '2.15.0', stored), { engine: 'onnxruntime' });
  return await use(await imageClassifier(model, options));
}

/** A last layer that gives each number of the input, divided by 100, and after them a 0. */
function copying(length: number): Pick<Given, 'layers' | 'weights'> {
  const kernel = Array.from({ length: length * (length + 1) }, (_, at) =>
    at % (length + 1) === Math.floor(at / (length + 1)) ? 0.01 : 0,
  );
  return {
    layers: [['Flatten'], ['Dense', { units: length + 1 }]],
    weights: [
      { shape: [length, length + 1], data: kernel },
      { shape: [length + 1], data: Array<number>(length + 1).fill(0) },
    ],
  };
}

/** The numbers that a model gets for the image. They follow from the ratios of the probabilities. */
async function seen(given: Omit<Given, 'layers'>, length: number, options: ImageClassifierOptions = {}) {
  return using({ ...given, ...copying(length) }, options, async (classifier) => {
    const [probabilities = new Float32Array()] = await classifier.classify([IMAGE]);
    const zero = probabilities.at(-1) ?? NaN;
    const numbers = [...probabilities.slice(0, -1)].map((one) => 100 * Math.log(one / zero));
    return { classifier, numbers };
  });
}

function near(numbers: readonly number[]) {
  return numbers.map((number): unknown => expect.closeTo(number, 2));
}

test.each([
  ['none', [255, 0, 0, 10, 20, 200]],
  ['unit', [1, 0, 0, 10 / 255, 20 / 255, 200 / 255]],
  ['tf', [1, -1, -1, 10 / 127.5 - 1, 20 / 127.5 - 1, 200 / 127.5 - 1]],
  ['caffe', [-103.939, -116.779, 131.32, 96.061, -96.779, -113.68]],
  ['torch', [2.2489, -2.0357, -1.8044, -1.9467, -1.6856, 1.6814]],
] as const)('preprocessing %s gives the numbers of Keras', async (preprocessing, expected) => {
  const { numbers, classifier } = await seen({ shape: [1, 2, 3] }, 6, { preprocessing });
  expect(numbers).toEqual(near(expected));
  expect(classifier).toMatchObject({ preprocessing, reason: 'as requested' });
});

test('a model with channels first gets one plane after the other', async () => {
  const { numbers, classifier } = await seen({ shape: [3, 1, 2] }, 6, { preprocessing: 'none' });
  expect(numbers).toEqual(near([255, 10, 0, 20, 0, 200]));
  expect(classifier).toMatchObject({ width: 2, height: 1, channels: 3 });
});

// PIL.Image.convert('L') gives 76 and 38 for these pixels.
test.each([[[1, 2, 1]], [[1, 1, 2]], [[1, 2]]])(
  'a model of grey images %j gets the brightness',
  async (shape) => {
    const { numbers, classifier } = await seen({ shape }, 2, { preprocessing: 'none' });
    expect(numbers).toEqual(near([76, 38]));
    expect(classifier).toMatchObject({ width: 2, height: 1, channels: 1 });
  },
);

test('a model of whole numbers gets them as they are', async () => {
  const { numbers, classifier } = await seen({ shape: [1, 2, 3], dtype: 'int32' }, 6);
  expect(numbers).toEqual(near([...IMAGE]));
  expect(classifier.reason).toBe('because the model takes whole numbers');
});

test('a model that does not tell gets numbers from 0 to 1', async () => {
  const { classifier } = await seen({ shape: [1, 2, 3] }, 6);
  expect(classifier).toMatchObject({ preprocessing: 'unit', reason: expect.stringMatching(/usual way/) });
});

const HEAD: readonly Layer[] = [['GlobalAveragePooling2D'], ['Softmax']];

test.each<[string, Layer[]]>([
  ['Rescaling', [['Rescaling', { scale: 1 / 255 }]]],
  ['Normalization', [['Normalization', { axis: -1, mean: [1, 2, 3], variance: [1, 2, 3] }]]],
  [
    'Rescaling after other layers',
    [['RandomFlip'], ['Resizing', { height: 2, width: 2 }], ['Rescaling', { scale: 0.1 }]],
  ],
])('a model with %s gets its pixels as they are', async (_what, layers) => {
  await using({ shape: [4, 4, 3], layers: [...layers, ...HEAD] }, {}, (classifier) => {
    expect(classifier).toMatchObject({
      preprocessing: 'none',
      reason: 'because the model itself scales its input',
    });
  });
});

test('a Rescaling behind other computation says nothing about the pixels', async () => {
  const layers: Layer[] = [['ReLU'], ['Rescaling', { scale: 0.5 }], ...HEAD];
  await using({ shape: [4, 4, 3], layers }, {}, ({ preprocessing }) => {
    expect(preprocessing).toBe('unit');
  });
});

test.each([
  ['vgg16', 'caffe'],
  ['resnet50', 'caffe'],
  ['resnet101v2', 'tf'],
  ['mobilenet', 'tf'],
  ['mobilenetv2', 'tf'],
  ['xception', 'tf'],
  ['inceptionv3', 'tf'],
  ['inceptionresnetv2', 'tf'],
  ['nasnetmobile', 'tf'],
  ['densenet121', 'torch'],
] as const)('the layers of %s are recognised by their names', async (name, preprocessing) => {
  const layers = layerNamesOf(name).map((layer): Layer => [
    'Activation',
    { name: layer, activation: 'linear' },
  ]);
  await using({ shape: [4, 4, 3], layers: [...layers, ...HEAD] }, {}, (classifier) => {
    expect(classifier).toMatchObject({
      preprocessing,
      reason: `because the model has the layers of ${name}`,
    });
  });
  await using({ shape: [4, 4, 3], layers: [...layers.slice(1), ...HEAD] }, {}, (classifier) => {
    expect(classifier.preprocessing).toBe('unit');
  });
});

test('a model of any size takes 224 x 224 pixels, or the size that is asked for', async () => {
  const given: Given = { shape: [null, null, 3], layers: HEAD };
  await using(given, {}, (classifier) => {
    expect(classifier).toMatchObject({ width: 224, height: 224 });
  });
  await using(given, { size: { width: 2, height: 1 } }, async (classifier) => {
    const [probabilities] = await classifier.classify([IMAGE]);
    expect(probabilities).toHaveLength(3);
  });
});

test('images of a batch keep their order, and a batch may be empty', async () => {
  const layers: Layer[] = [['GlobalAveragePooling2D'], ['Activation', { activation: 'softmax' }]];
  await using({ shape: [1, 2, 3], layers }, {}, async (classifier) => {
    expect(await classifier.classify([])).toEqual([]);
    const other = Uint8Array.from(IMAGE, (_, at) => 40 * at);
    const [[first], [second], both] = await Promise.all([
      classifier.classify([IMAGE]),
      classifier.classify([other]),
      classifier.classify([IMAGE, other]),
    ]);
    expect(both).toEqual([first, second]);
    expect(first).not.toEqual(second);
    await expect(classifier.classify([IMAGE.subarray(1)])).rejects.toThrow('must have 6 bytes, not 5');
  });
});

/** The answer to a black image of a model whose last layer has these biases. */
async function answer(bias: readonly number[], last: Record<string, unknown>, more: readonly Layer[] = []) {
  const dense: Layer = ['Dense', { units: bias.length, ...last }];
  const layers: Layer[] = [['GlobalAveragePooling2D'], ...more, dense];
  const weights = [
    { shape: [3, bias.length], data: Array<number>(3 * bias.length).fill(0) },
    { shape: [bias.length], data: [...bias] },
  ];
  return using({ shape: [1, 2, 3], layers, weights }, {}, async (classifier) => {
    const { classes, output } = classifier;
    const [probabilities = new Float32Array()] = await classifier.classify([new Uint8Array(6)]);
    return { classes, output, probabilities: [...probabilities] };
  });
}

const SOFTMAX = [0.09003, 0.24473, 0.66524];

test('the probabilities of a softmax are passed on', async () => {
  expect(await answer([1, 2, 3], { activation: 'softmax' })).toEqual({
    classes: 3,
    output: 'probabilities',
    probabilities: near(SOFTMAX),
  });
});

test('scores become probabilities by a softmax', async () => {
  expect(await answer([101, 102, 103], {})).toEqual({
    classes: 3,
    output: 'scores',
    probabilities: near(SOFTMAX),
  });
});

test('the probabilities of several sigmoids are passed on: each class is a question of its own', async () => {
  expect(await answer([0, 1, 2], { activation: 'sigmoid' })).toEqual({
    classes: 3,
    output: 'probabilities',
    probabilities: near([0.5, 0.73106, 0.8808]),
  });
});

test.each([
  ['sigmoid', 'probabilities', 0.73106],
  ['hard_sigmoid', 'probabilities', 0.7],
  ['linear', 'scores', 0.73106],
])('one output (%s) stands for two classes', async (activation, output, is) => {
  expect(await answer([1], { activation })).toEqual({
    classes: 2,
    output,
    probabilities: near([1 - is, is]),
  });
});

test('numbers that add up to 1 are probabilities, however they are computed', async () => {
  expect((await answer([0.5, 0.25, 0.25], {})).output).toBe('probabilities');
  expect((await answer([0.5, 0.75, -0.25], {})).output).toBe('scores');
});

test.each<[string, Given, RegExp]>([
  [
    'takes no image',
    { shape: [784], layers: [['Softmax']] },
    /must take grey or colour.*image \(\?, 784\) float32/,
  ],
  ['takes four channels', { shape: [8, 8, 4], layers: HEAD }, /must take grey or colour.*\(\?, 8, 8, 4\)/],
  ['gives an image', { shape: [8, 8, 3], layers: [['ReLU']] }, /one number for each class.*\(\?, 8, 8, 3\)/],
])('a model that %s is refused', async (_what, given, message) => {
  await expect(using(given, {}, () => undefined)).rejects.toMatchObject({
    name: 'KerasError',
    code: 'ERR_KERAS_NOT_A_CLASSIFIER',
    message: expect.stringMatching(message),
  });
});

test.each<[string, Given, Record<string, unknown>]>([
  ['preprocessing', { shape: [4, 4, 3], layers: HEAD }, { preprocessing: 'pytorch' }],
  ['preprocessing', { shape: [4, 4, 1], layers: HEAD }, { preprocessing: 'caffe' }],
  ['preprocessing', { shape: [4, 4, 3], dtype: 'int32', layers: HEAD }, { preprocessing: 'tf' }],
  ['size', { shape: [4, 4, 3], layers: HEAD }, { size: { width: 5, height: 4 } }],
  ['size', { shape: [null, null, 3], layers: HEAD }, { size: { width: 0, height: 4 } }],
])('a %s that does not fit the model is refused', async (option, given, options) => {
  await expect(using(given, options, () => undefined)).rejects.toMatchObject({
    code: 'ERR_KERAS_OPTION',
    option,
  });
});
