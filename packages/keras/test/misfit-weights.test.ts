import { describe, expect, test } from '@jest/globals';

import { loadModel } from '../src/index.js';
import { refusal } from './support/refusal.js';
import {
  groupOf,
  tinyWeights,
  type Weights,
  writeFile,
  writeNamed,
  writeNumbered,
} from './support/tiny-vgg.js';

describe('loading weights that do not fit', () => {
  const changed = (change: (weights: Map<string, Weights>) => void) =>
    writeFile((file) => {
      const weights = tinyWeights();
      change(weights);
      writeNamed(file, weights);
    });
  const layer = (weights: Map<string, Weights>, name: string): Weights => {
    const found = weights.get(name);
    if (found === undefined) throw new Error(`no layer ${name}`);
    return found;
  };

  test('rejects infinity in a bias and states its position', async () => {
    const file = await changed((weights) => {
      layer(weights, 'fc1').bias.data[2] = -Infinity;
    });
    const error = await refusal(file);
    expect(error).toMatchObject({ code: 'ERR_KERAS_NOT_FINITE', layer: 'fc1', weight: '/fc1/fc1/bias:0' });
    expect(error.message).toContain('-Infinity at [2]');
  });
  test('rejects a kernel with two dimensions instead of four', async () => {
    const file = await changed((weights) => {
      layer(weights, 'block4_conv2').kernel.shape = [18, 2];
    });
    expect(await refusal(file)).toMatchObject({
      code: 'ERR_KERAS_WRONG_SHAPE',
      layer: 'block4_conv2',
      actual: [18, 2],
    });
  });
  test('rejects a kernel in the order of Theano', async () => {
    const file = await changed((weights) => {
      layer(weights, 'block1_conv1').kernel.shape = [2, 3, 3, 3];
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_WRONG_SHAPE', layer: 'block1_conv1' });
  });
  test('rejects a dimension of length 0', async () => {
    const file = await changed((weights) => {
      layer(weights, 'predictions').kernel = { data: new Float32Array(0), shape: [3, 0] };
      layer(weights, 'predictions').bias = { data: new Float32Array(0), shape: [0] };
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_WRONG_SHAPE', layer: 'predictions' });
  });
  test('blames the bias if both neighbouring kernels disagree with it', async () => {
    const file = await changed((weights) => {
      layer(weights, 'fc1').bias = { data: new Float32Array(5), shape: [5] };
    });
    expect(await refusal(file)).toMatchObject({
      code: 'ERR_KERAS_WRONG_SHAPE',
      layer: 'fc1',
      expected: [3],
      actual: [5],
    });
  });
  test('rejects a first dense layer that fits no square image', async () => {
    const file = await changed((weights) => {
      layer(weights, 'fc1').kernel = { data: new Float32Array(18), shape: [6, 3] };
    });
    expect(await refusal(file)).toMatchObject({
      code: 'ERR_KERAS_WRONG_SHAPE',
      layer: 'fc1',
      actual: [6, 3],
    });
  });
  test('rejects a "notop" file, which has no dense layers', async () => {
    const file = await changed((weights) => {
      for (const name of ['fc1', 'fc2', 'predictions']) weights.delete(name);
    });
    const error = await refusal(file);
    expect(error.code).toBe('ERR_KERAS_MISSING_LAYER');
    expect(error.message).toContain('notop');
  });
  test('rejects integers', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights());
      const layer = groupOf(file, '/fc2');
      layer.delete_attribute('weight_names');
      layer.create_attribute('weight_names', ['fc2/kernel:0', 'integers'], [2], 'A20');
      file.create_dataset({ name: 'fc2/integers', data: Int32Array.of(1, 2, 3) });
    });
    expect(await refusal(file)).toMatchObject({
      code: 'ERR_KERAS_WRONG_TYPE',
      layer: 'fc2',
      weight: '/fc2/integers',
    });
  });
  test('rejects dimensions that the file cannot hold, and allocates no memory for them', async () => {
    const file = await writeFile((file) => {
      const weights = tinyWeights();
      weights.delete('fc2');
      weights.delete('predictions');
      writeNamed(file, weights);
      const names = [...tinyWeights().keys()];
      file.delete_attribute('layer_names');
      file.create_attribute('layer_names', names, [names.length], 'A20');
      // 64 GiB take no space in the file, because HDF5 stores only numbers that were written.
      const huge = { fc2: [3, 2 ** 17], predictions: [2 ** 17, 2 ** 17] };
      for (const [name, shape] of Object.entries(huge)) {
        const group = file.create_group(name);
        group.create_attribute('weight_names', ['kernel', 'bias'], [2], 'A20');
        for (const [weight, dimensions] of [
          ['kernel', shape],
          ['bias', shape.slice(1)],
        ] as const) {
          const small = dimensions.map(() => 1);
          group
            .create_dataset({
              name: weight,
              data: new Float32Array(1),
              shape: small,
              maxshape: dimensions.map(() => null),
              chunks: small,
            })
            .resize(dimensions);
        }
      }
    });
    const before = process.memoryUsage.rss();
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_SIZE_NOT_CREDIBLE', layer: 'fc2' });
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
  });
  test('does not follow a link to another file', async () => {
    const other = await writeFile((file) => {
      writeNamed(file, tinyWeights());
    });
    const file = await writeFile((file) => {
      const weights = tinyWeights();
      weights.delete('fc2');
      writeNamed(file, weights);
      const names = [...tinyWeights().keys()];
      file.delete_attribute('layer_names');
      file.create_attribute('layer_names', names, [names.length], 'A20');
      file.create_external_link(other, '/fc2', 'fc2');
    });
    const error = await refusal(file);
    expect(error.code).toBe('ERR_KERAS_UNSUPPORTED_FORMAT');
    expect(error.message).toContain('link to another file');
  });
});

describe('loading a file with broken lists', () => {
  test('rejects a listed layer that has no group', async () => {
    const file = await writeFile((file) => {
      file.create_attribute('layer_names', ['block1_conv1'], [1], 'A20');
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_MISSING_LAYER', layer: 'block1_conv1' });
  });
  test('rejects a layer without weight_names', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights());
      groupOf(file, '/fc1').delete_attribute('weight_names');
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_DAMAGED', layer: 'fc1' });
  });
  test('rejects layer_names that are numbers', async () => {
    const file = await writeFile((file) => {
      file.create_attribute('layer_names', [1, 2, 3]);
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_DAMAGED' });
  });
  test.each([
    [-1, 'ERR_KERAS_DAMAGED'],
    [2_000_000_000, 'ERR_KERAS_DAMAGED'],
    [17, 'ERR_KERAS_MISSING_LAYER'],
    [15, 'ERR_KERAS_MISSING_LAYER'],
  ])('rejects nb_layers of %d if there are 16 layers', async (count, code) => {
    const file = await writeFile((file) => {
      writeNumbered(file, tinyWeights());
      file.delete_attribute('nb_layers');
      file.create_attribute('nb_layers', count);
    });
    const outcome = loadModel(file, { architecture: 'vgg16', kernels: 'correlation' });
    await expect(outcome).rejects.toMatchObject({ code });
  });
});
