/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { loadModel, type TensorData } from '../src/index.js';
import { fixture } from './support/files.js';

interface Stored {
  shape: number[];
  data: (number | string)[];
}

interface SavedCase {
  file: string;
  inputs: Stored[];
  outputs: (Stored & { dtype: string })[];
  /** Of numbers in half precision. */
  tolerance?: number;
}

const { cases } = JSON.parse(readFileSync(fixture('saved/cases.json'), 'utf8')) as { cases: SavedCase[] };

function toData(data: readonly (number | string)[], dtype: string): TensorData {
  switch (dtype) {
    case 'string':
      return data.map(String);
    case 'int64':
      return BigInt64Array.from(data, BigInt);
    case 'int32':
      return Int32Array.from(data, Number);
    default:
      return Float32Array.from(data, Number);
  }
}

test.each(cases.map((one) => [one.file, one] as const))(
  'computes what Keras computes: %s',
  async (file, { inputs, outputs, tolerance = 1e-5 }) => {
    await using model = await loadModel(fixture(`saved/${file}`), { engine: 'onnxruntime' });
    const results = await model.predict<TensorData>(
      inputs.map(({ shape, data }, index) => ({
        shape,
        data: toData(data, model.inputs[index]?.dtype ?? 'float32'),
      })),
    );
    expect(results.map(({ shape }) => [...shape])).toEqual(outputs.map(({ shape }) => shape));
    for (const [index, { data, dtype }] of outputs.entries()) {
      const found = [...(results[index]?.data ?? [])].map((entry) =>
        typeof entry === 'string' ? entry : Number(entry),
      );
      if (!dtype.includes('float')) {
        expect(found).toEqual(data);
        continue;
      }
      const expected = data.map(Number);
      const greatest = Math.max(...expected.map(Math.abs));
      const difference = Math.max(
        ...expected.map((number, at) => Math.abs(number - Number(found[at] ?? NaN))),
      );
      expect(difference).toBeLessThanOrEqual(tolerance * greatest);
    }
  },
);
