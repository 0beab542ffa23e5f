/** @jest-environment ./test/shared-arrays-environment.mjs */
import '@tensorflow/tfjs-backend-wasm';

import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

import { startBackend } from '../src/engines/tfjs/backend.js';
import { rowParts } from '../src/engines/tfjs/row-parts.js';
import { tfjsEngine } from '../src/engines/tfjs/tfjs-engine.js';
import { Builder } from '../src/graph/builder.js';
import { newValue, type WeightSlot } from '../src/graph/value.js';

const data = Float32Array.from({ length: 15 }, (_, index) => index + 1);

describe('splitting a matrix into parts of consecutive rows', () => {
  test('the last part may be smaller', () => {
    const parts = [...rowParts(data, [5, 3], 24)];
    expect(parts.map(({ shape }) => shape)).toEqual([
      [2, 3],
      [2, 3],
      [1, 3],
    ]);
    expect(parts.flatMap((part) => [...part.data])).toEqual([...data]);
  });
  test('a part has one row at least', () => {
    expect([...rowParts(data, [5, 3], 1)]).toHaveLength(5);
  });
});

test('a product with a matrix in parts is that with the whole matrix', async () => {
  await startBackend(tf, 'wasm');
  const build = new Builder();
  const slot: WeightSlot = {
    name: 'kernel',
    layer: 'dense',
    shape: [5, 3],
    dtype: 'float32',
    convolution: false,
  };
  const kernel = newValue(slot.shape, 'float32', { kind: 'weight', slot });
  const x = newValue([null, 2, 5], 'float32', { kind: 'input', name: 'x' });
  const graph = {
    inputs: [{ name: 'x', value: x }],
    outputs: [{ name: 'y', value: build.add(build.matMul(x, kernel), 1) }],
  };
  const input = {
    data: Float32Array.from({ length: 20 }, (_, index) => index / 7),
    shape: [2, 2, 5],
    dtype: 'float32',
  } as const;
  const [whole, inParts] = await Promise.all(
    [Infinity, 24].map(async (bytes) => {
      const session = await tfjsEngine('wasm', tf, 'wasm', bytes).build(graph, new Map([[slot, data]]), {});
      const [output] = await session.run([input]);
      await session.dispose();
      return output;
    }),
  );
  expect(inParts?.shape).toEqual([2, 2, 3]);
  const numbers = Array.from(whole?.data ?? [], Number);
  for (const [index, value] of Array.from(inParts?.data ?? [], Number).entries())
    expect(value).toBeCloseTo(numbers[index] ?? NaN, 4);
});
