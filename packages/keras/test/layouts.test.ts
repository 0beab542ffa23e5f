/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFile, writeFile as writeBytes } from 'node:fs/promises';

import { beforeAll, describe, expect, test } from '@jest/globals';

import { predictWith, tinyImage } from './support/predicting.js';
import {
  tinyConfig,
  tinyWeights,
  writeFile,
  writeNamed,
  writeNumbered,
  writeWhole,
} from './support/tiny-vgg.js';

describe('the same network gives the same output in each layout', () => {
  let expected: Float32Array;
  beforeAll(async () => {
    expected = await predictWith(
      await writeFile((file) => {
        writeNamed(file, tinyWeights());
      }),
      tinyImage,
    );
    expect(new Set(expected).size).toBe(4);
  });

  test('reads compressed chunks', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights(), { gzip: true });
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test.each([
    ['a chunk for each number', [1, 1, 1, 1]],
    ['chunks that are cut by the edges', [2, 2, 2, 2]],
    ['chunks along the first dimension only', [3, 3, 1, 1]],
    ['one chunk for all', [3, 3, 3, 3]],
  ])('reads rotated kernels that are compressed in %s', async (_, chunks) => {
    const weights = tinyWeights();
    for (const { kernel } of weights.values()) {
      if (kernel.shape.length === 4) kernel.data = rotated(kernel.data, kernel.shape);
    }
    const file = await writeFile((file) => {
      writeNamed(file, weights, { chunks });
    });
    expect(await predictWith(file, tinyImage, { kernels: 'convolution' })).toEqual(expected);
  });

  test('reads the newest version of HDF5', async () => {
    const file = await writeFile(
      (file) => {
        writeNamed(file, tinyWeights(), { gzip: true });
      },
      { libver: 'latest' },
    );
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test('reads a file that begins with a block that is not HDF5', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights());
    });
    const behind = `${file} behind 512 bytes.h5`;
    await writeBytes(behind, Buffer.concat([Buffer.alloc(512), await readFile(file)]));
    expect(await predictWith(behind, tinyImage)).toEqual(expected);
  });

  test('reads 64-bit floats', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights(), { float64: true });
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test('reads a list of layers that is split over several attributes', async () => {
    const file = await writeFile((file) => {
      const weights = tinyWeights();
      const names = ['input_1', ...weights.keys()];
      writeNamed(file, weights);
      file.delete_attribute('layer_names');
      file.create_attribute('layer_names0', names.slice(0, 5), [5], 'A20');
      file.create_attribute('layer_names1', names.slice(5), [names.length - 5]);
      file.create_group('input_1').create_attribute('weight_names', new Float64Array(0), [0]);
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test('reads the rotated kernels that Keras wrote on Theano', async () => {
    const file = await writeFile((file) => {
      const weights = tinyWeights();
      for (const { kernel } of weights.values()) {
        if (kernel.shape.length === 4) kernel.data = rotated(kernel.data, kernel.shape);
      }
      writeNamed(file, weights);
      file.create_attribute('backend', 'theano', null, 'A6');
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
    expect(await predictWith(file, tinyImage, { kernels: 'correlation' })).not.toEqual(expected);
  });

  test('reads a whole model that is Sequential', async () => {
    const file = await writeFile((file) => {
      writeWhole(file, tinyConfig());
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test('reads a whole model that is functional, with the connections of Keras 2 and dropout', async () => {
    const file = await writeFile((file) => {
      const layers = tinyConfig();
      layers.splice(-1, 0, { class_name: 'Dropout', config: { name: 'dropout', rate: 0.5 } });
      const connected = layers.map((layer, index) => ({
        ...layer,
        inbound_nodes: index === 0 ? [] : [[[layers[index - 1]?.config['name'], 0, 0, {}]]],
      }));
      writeWhole(file, connected, tinyWeights(), 'Model');
    });
    expect(await predictWith(file, tinyImage)).toEqual(expected);
  });

  test.each(['convolution', 'correlation'] as const)(
    'reads numbered layers with kernels for %s',
    async (kernels) => {
      const file = await writeFile((file) => {
        writeNumbered(file, tinyWeights(), kernels === 'convolution');
      });
      expect(await predictWith(file, tinyImage, { kernels })).toEqual(expected);
    },
  );
});

test.each([true, false])(
  'the published VGG-16 with numbered layers is recognised without an option (rotated: %s)',
  async (rotated) => {
    const weights = tinyWeights();
    const first = weights.get('block1_conv1');
    const second = weights.get('block1_conv2');
    if (first === undefined || second === undefined) throw new Error('no such layer');
    first.kernel = { shape: [3, 3, 3, 3], data: new Float32Array(81).fill(0.25) };
    first.kernel.data.set([0.42947057, 0.11727387, 0.03401296]);
    first.bias = { shape: [3], data: new Float32Array(3) };
    second.kernel = { shape: [3, 3, 3, 2], data: new Float32Array(54).map((_, index) => (index % 7) / 7) };
    const named = await writeFile((file) => {
      writeNamed(file, weights);
    });
    const numbered = await writeFile((file) => {
      writeNumbered(file, weights, rotated);
    });
    expect(await predictWith(numbered, tinyImage)).toEqual(await predictWith(named, tinyImage));
  },
);

test('the dense rows after a Flatten are read in the order channel, row, column', async () => {
  const weights = tinyWeights();
  const fc1 = weights.get('fc1');
  if (fc1 === undefined) throw new Error('no such layer');
  // Five halvings of 64×64 pixels leave 2×2 pixels, each with 2 channels.
  fc1.kernel = { shape: [8, 3], data: Float32Array.from({ length: 24 }, (_, index) => (index % 5) - 2) };
  const image = {
    shape: [1, 64, 64, 3],
    data: Float32Array.from({ length: 64 * 64 * 3 }, (_, index) => (index % 11) / 5 - 1),
  };
  const named = await writeFile((file) => {
    writeNamed(file, weights);
  });
  const numbered = await writeFile((file) => {
    const channelsFirst = new Float32Array(24);
    for (let place = 0; place < 4; place++) {
      for (let channel = 0; channel < 2; channel++) {
        channelsFirst.set(
          fc1.kernel.data.subarray((place * 2 + channel) * 3, (place * 2 + channel + 1) * 3),
          (channel * 4 + place) * 3,
        );
      }
    }
    writeNumbered(
      file,
      new Map([...weights, ['fc1', { ...fc1, kernel: { shape: [8, 3], data: channelsFirst } }]]),
    );
  });
  expect(await predictWith(numbered, image, { kernels: 'correlation' })).toEqual(
    await predictWith(named, image),
  );
});

function rotated(
  kernel: Float32Array,
  [rows = 0, columns = 0, inputs = 0, outputs = 0]: number[],
): Float32Array {
  const block = inputs * outputs;
  return kernel.map(
    (_, index) => kernel[(rows * columns - 1 - Math.floor(index / block)) * block + (index % block)] ?? NaN,
  );
}
