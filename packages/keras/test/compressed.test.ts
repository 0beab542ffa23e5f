import { describe, expect, test } from '@jest/globals';

import { BLOCK_BYTES, blocksOf, runsOf } from '../src/containers/hdf5/blocks.js';
import type { Dataset } from '../src/containers/hdf5/dataset.js';
import { refusal } from './support/refusal.js';
import { groupOf, tinyWeights, writeFile, writeNamed } from './support/tiny-vgg.js';

const dataset = (shape: number[], grain: number[]): Dataset => ({
  path: '/weights',
  shape,
  type: 'float32',
  numberBytes: 4,
  bytes: 4 * shape.reduce((a, b) => a * b, 1),
  compressed: true,
  grain,
});

describe('dividing a dataset into blocks', () => {
  test.each([
    ['one chunk larger than a block', [2048, 1024], [2048, 1024]],
    ['chunks that are rows', [5000, 700], [100, 700]],
    ['tall chunks', [3000, 900], [3000, 1]],
    ['chunks cut by the edges', [7, 5, 33, 1001], [2, 3, 20, 100]],
    ['no chunks', [3, 3, 512, 512], [1, 1, 1, 1]],
    ['a single number', [1], [1]],
    ['chunks larger than the dataset', [3, 3], [8, 8]],
  ])('covers each number once, splits no chunk and limits the size of a block: %s', (_, shape, grain) => {
    const whole = dataset(shape, grain);
    const seen = new Uint8Array(whole.bytes / 4);
    const chunkBytes = grain.reduce((a, b) => a * b, 4);
    for (const block of blocksOf(whole)) {
      expect(block.count.reduce((a, b) => a * b, 4)).toBeLessThanOrEqual(Math.max(BLOCK_BYTES, chunkBytes));
      for (const [axis, from] of block.offset.entries()) {
        const end = from + (block.count[axis] ?? 0);
        expect(from % (grain[axis] ?? 1)).toBe(0);
        expect(end === shape[axis] || end % (grain[axis] ?? 1) === 0).toBe(true);
      }
      for (const { inDataset, length } of runsOf(shape, block, 1000)) {
        for (let at = inDataset; at < inDataset + length; at++) seen[at] = (seen[at] ?? 0) + 1;
      }
    }
    expect(seen.every((times) => times === 1)).toBe(true);
  });

  test('gives no blocks for an empty dataset', () => {
    expect([...blocksOf(dataset([0, 3], [1, 1]))]).toEqual([]);
  });
});

test('a chunk that is too big to decompress in one piece is refused', async () => {
  const rows = 3_000_000;
  const file = await writeFile((file) => {
    const weights = tinyWeights();
    writeNamed(file, weights);
    const fc1 = groupOf(file, 'fc1');
    fc1.create_dataset({
      name: 'zeros',
      data: new Float32Array(rows * 3),
      shape: [rows, 3],
      chunks: [rows, 3],
      compression: 9,
    });
    fc1.delete_attribute('weight_names');
    fc1.create_attribute('weight_names', ['zeros', 'fc1/bias:0'], [2], 'A40');
  });
  const error = await refusal(file);
  expect(error).toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_FORMAT', weight: '/fc1/zeros' });
  expect(error.message).toContain('chunks of 36000000 bytes');
});
