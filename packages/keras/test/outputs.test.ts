/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { loadModel, type LoadOptions } from '../src/index.js';
import { fixture, sharedFile, smallVgg, testWithShared } from './support/files.js';
import { ENGINES, largestDifference, predictWith } from './support/predicting.js';

const image = { data: Float32Array.from(smallVgg.input.data), shape: smallVgg.input.shape };

interface KerasVector {
  inputs: { shape: number[]; data: number[] }[];
  outputs: { data: number[] }[];
}

const LAYOUTS: [string, Partial<LoadOptions>][] = [
  ['vgg16_small_weights_tf_dim_ordering_tf_kernels.h5', {}],
  ['vgg16_small_keras1_tf_names.h5', {}],
  ['vgg16_small_keras1_th.h5', { kernels: 'convolution' }],
  ['vgg16_small_keras1_th_unrotated.h5', { kernels: 'correlation' }],
  ['vgg16_small.h5', {}],
];

describe.each(ENGINES)('on %s', (engine) => {
  test('a weights-only file gives the output of Keras', async () => {
    const output = await predictWith(fixture('vgg16_small.h5'), image, { engine });
    expect(largestDifference(output, smallVgg.output.data)).toBeLessThan(1e-4);
  });

  testWithShared.each(LAYOUTS)('%s gives the output of Keras for a batch', async (file, options) => {
    const vector = JSON.parse(
      readFileSync(sharedFile('vectors/vgg/vgg16_small.json'), 'utf8'),
    ) as KerasVector;
    const [input, expected] = [vector.inputs[0], vector.outputs[0]];
    const tensor = { data: Float32Array.from(input?.data ?? []), shape: input?.shape ?? [] };
    const output = await predictWith(sharedFile('vectors/vgg', file), tensor, { engine, ...options });
    expect(largestDifference(output, expected?.data ?? [])).toBeLessThan(1e-4);
  });

  testWithShared('the demonstration model loads: ten classes, 32×32 pixels', async () => {
    await using model = await loadModel(sharedFile('models/fashion-vgg16/fashion_vgg16.h5'), {
      architecture: 'vgg16',
      engine,
    });
    expect(model.engine).toBe(engine);
    expect(model.inputs).toEqual([{ name: 'input_1', shape: [null, 32, 32, 3], dtype: 'float32' }]);
    expect(model.outputs).toEqual([{ name: 'predictions', shape: [null, 10], dtype: 'float32' }]);
  });

  test('a batch gives the same outputs as its examples alone, and an empty batch gives an empty output', async () => {
    await using model = await loadModel(fixture('vgg16_small.h5'), { architecture: 'vgg16', engine });
    const dark = { data: image.data.map((value) => value / 2), shape: image.shape };
    const both = { data: Float32Array.from([...image.data, ...dark.data]), shape: [2, 64, 64, 3] };
    const [[one], [two], [batch]] = [
      await model.predict([image]),
      await model.predict([dark]),
      await model.predict([both]),
    ];
    expect(batch?.shape).toEqual([2, 20]);
    expect(largestDifference(batch?.data ?? [], [...(one?.data ?? []), ...(two?.data ?? [])])).toBeLessThan(
      1e-5,
    );

    const [none] = await model.predict([{ data: new Float32Array(0), shape: [0, 64, 64, 3] }]);
    expect(none).toEqual({ data: new Float32Array(0), shape: [0, 20] });
  });
});

test('a file URL loads like a path', async () => {
  await using model = await loadModel(pathToFileURL(fixture('vgg16_small.h5')), { architecture: 'vgg16' });
  expect(model.engine).toBe('onnxruntime');
});
