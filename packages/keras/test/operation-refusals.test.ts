/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { keras3Chain } from './support/keras3-chain.js';
import { runConfig } from './support/run-config.js';

/** A model of Keras 3 with one operation on an input of shape (batch, 4). */
const modelOf = (
  className: string,
  config: Readonly<Record<string, unknown>>,
  args: readonly unknown[] = [],
): unknown => keras3Chain([null, 4], [{ className, config, args }], 'keras.src.ops.numpy');

const input = { shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] };

test.each([
  ['Nonzero', {}, [], /the shape of its result depends on the numbers/u],
  ['Where', {}, [], /the shape of its result depends on the numbers/u],
  ['Cast', { dtype: 'uint32' }, [], /numbers below 0 become great ones/u],
  ['Norm', { ord: 'nuc', axis: [0, 1], keepdims: false }, [], /singular values/u],
  ['Clip', { x_min: 'a', x_max: 1 }, [], /is not a number/u],
  ['Quantile', { axis: [0], keepdims: false }, [0.3], /only known when the model runs/u],
])('%s is refused by name', async (className, settings, args, message) => {
  await expect(runConfig(modelOf(className, settings, args), [input])).rejects.toThrow(message);
});

test('an integer division by 0 fails instead of ending the process', async () => {
  const integers = modelOf('FloorDivide', {}, [
    { class_name: '__numpy__', config: { value: [1, 2, 0, 4], dtype: 'int32' } },
  ]);
  const json = JSON.stringify(integers).replaceAll('float32', 'int32');
  await expect(runConfig(JSON.parse(json), [input])).rejects.toThrow(/out of data bounds/u);
});

test('an index beyond the last entry fails', async () => {
  await expect(runConfig(modelOf('Take', { axis: 1 }, [[4]]), [input])).rejects.toThrow(
    /out of data bounds/u,
  );
});

test('an infinite setting stays infinite', async () => {
  const [output] = await runConfig(modelOf('Norm', { ord: Infinity, axis: -1, keepdims: false }), [input]);
  expect(Array.from(output?.data ?? [], Number)).toEqual([4, 8]);
});
