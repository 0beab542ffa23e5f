/** @jest-environment ./test/shared-arrays-environment.mjs */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { DisposedError, InputError, loadModel, type Model, type Tensor } from '../src/index.js';
import { ENGINES, predictWith, tinyImage } from './support/predicting.js';
import { tinyWeights, writeFile, writeNamed } from './support/tiny-vgg.js';

/** The image with one number replaced. */
const holding = (index: number, number: number): Tensor => ({
  ...tinyImage,
  data: tinyImage.data.with(index, number),
});

let file: string;
beforeAll(async () => {
  file = await writeFile((file) => {
    writeNamed(file, tinyWeights());
  });
});

describe('predicting with inputs that do not fit', () => {
  let model: Model;
  beforeAll(async () => {
    model = await loadModel(file, { architecture: 'vgg16' });
  });
  afterAll(() => model.dispose());

  const { data } = tinyImage;
  test.each<[string, unknown, RegExp]>([
    ['a tensor instead of an array', tinyImage, /must be an array/u],
    ['an empty array', [], /exactly 1 tensor \(for input\), not 0/u],
    ['two tensors', [tinyImage, tinyImage], /not 2/u],
    ['null', [null], /must be a tensor/u],
    ['data without a shape', [data], /must be a tensor/u],
    [
      '64-bit floats',
      [{ data: Float64Array.from(data), shape: [1, 32, 32, 3] }],
      /data must be a Float32Array/u,
    ],
    [
      'numbers in a plain array',
      [{ data: [...data], shape: [1, 32, 32, 3] }],
      /data must be a Float32Array/u,
    ],
    [
      'a shape without a batch dimension',
      [{ data, shape: [32, 32, 3] }],
      /\(n, 32, 32, 3\), not \(32, 32, 3\)/u,
    ],
    ['a shape of another size', [{ data, shape: [3, 32, 32, 1] }], /not \(3, 32, 32, 1\)/u],
    [
      'too few numbers',
      [{ data, shape: [2, 32, 32, 3] }],
      /shape \(2, 32, 32, 3\) needs 6144 numbers, but data has 3072/u,
    ],
    ['a shape that is text', [{ data, shape: '1,32,32,3' }], /array of integers/u],
    ['a negative batch', [{ data, shape: [-1, 32, 32, 3] }], /array of integers/u],
    ['NaN', [holding(7, NaN)], /data holds NaN at index 7/u],
    ['an infinite number', [holding(3071, -Infinity)], /holds -Infinity at index 3071/u],
    ['a batch of 0.5', [{ data, shape: [0.5, 32, 32, 3] }], /array of integers/u],
  ])('rejects %s', async (_, inputs, message) => {
    const outcome = model.predict(inputs as Tensor[]);
    await expect(outcome).rejects.toBeInstanceOf(InputError);
    await expect(outcome).rejects.toMatchObject({
      code: 'ERR_KERAS_INPUT',
      message: expect.stringMatching(message),
    });
  });

  test('leaves the model usable', async () => {
    const [output] = await model.predict([tinyImage]);
    expect(output?.shape).toEqual([1, 4]);
  });
});

describe.each(ENGINES)('on %s', (engine) => {
  test('warmUp returns nothing and does not change later predictions', async () => {
    await using model = await loadModel(file, { architecture: 'vgg16', engine });
    await expect(model.warmUp()).resolves.toBeUndefined();
    const [output] = await model.predict([tinyImage]);
    expect(output?.data).toEqual(await predictWith(file, tinyImage, { engine }));
  });

  test('dispose lets running predictions end and rejects later ones', async () => {
    const model = await loadModel(file, { architecture: 'vgg16', engine });
    const running = model.predict([tinyImage]);
    const disposed = model.dispose();
    const late = model.predict([tinyImage]);
    await expect(late).rejects.toBeInstanceOf(DisposedError);
    await expect(late).rejects.toMatchObject({ code: 'ERR_KERAS_DISPOSED' });
    expect((await running)[0]?.shape).toEqual([1, 4]);
    await disposed;
    await expect(model.dispose()).resolves.toBeUndefined();
    await expect(model.warmUp()).rejects.toBeInstanceOf(DisposedError);
  });

  test('outputs are probabilities, and later predictions do not change them', async () => {
    await using model = await loadModel(file, { architecture: 'vgg16', engine });
    const [first] = await model.predict([tinyImage]);
    const kept = [...(first?.data ?? [])];
    await model.predict([{ ...tinyImage, data: tinyImage.data.map((value) => -value) }]);
    expect([...(first?.data ?? [])]).toEqual(kept);
    expect(kept.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });
});

test('two engines in one process do not disturb each other', async () => {
  await using native = await loadModel(file, { architecture: 'vgg16', engine: 'onnxruntime' });
  await using wasm = await loadModel(file, { architecture: 'vgg16', engine: 'wasm' });
  const [a, b, c] = await Promise.all([
    native.predict([tinyImage]),
    wasm.predict([tinyImage]),
    native.predict([tinyImage]),
  ]);
  expect(a[0]?.data).toEqual(c[0]?.data);
  for (const [index, value] of (b[0]?.data ?? []).entries())
    expect(value).toBeCloseTo(a[0]?.data[index] ?? NaN, 5);
});
