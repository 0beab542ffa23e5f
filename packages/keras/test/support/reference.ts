import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from '@jest/globals';

import {
  KerasError,
  loadModel,
  type LoadOptions,
  type Model,
  type Tensor,
  type TensorData,
} from '../../src/index.js';

/** An input of a case: its numbers, or how to make them. */
interface InputJson {
  shape: number[];
  data?: number[];
  lo: number;
  hi: number;
  integer: boolean;
}

/** An output that Keras computed: some of its numbers, and sums over all. */
interface OutputJson {
  shape: number[];
  first: number[];
  every?: { step: number; values: number[] };
  mean: number;
  l2: number;
  absmax: number;
}

/** A model file with the answers of Keras. */
export interface Entry {
  id: string;
  expect: 'open' | 'refuse' | 'either';
  config?: boolean;
  kernels?: 'convolution' | 'correlation';
  names?: string[];
  files: { role: string; name: string }[];
  tolerance: number;
  cases: { seed: number; inputs: InputJson[]; outputs: OutputJson[] }[];
}

/** Reads the index of a set of model files. */
export function entriesOf(index: string): Entry[] {
  return (JSON.parse(readFileSync(index, 'utf8')) as { files: Entry[] }).files;
}

/**
 * Loads a model file and compares its outputs with those of Keras, or checks that it is refused by name.
 *
 * @param folder Folder that holds one folder for each entry.
 */
export async function checkEntry(entry: Entry, folder: string): Promise<void> {
  const named = (role: string) =>
    path.join(folder, entry.id, entry.files.find((one) => one.role === role)?.name ?? '');
  const options: LoadOptions = {
    engine: 'onnxruntime',
    ...(entry.config === true ? { config: named('config') } : {}),
    ...(entry.kernels === undefined ? {} : { kernels: entry.kernels }),
  };
  const outcome = await loadModel(named('model'), options).catch((error: unknown) => error);
  if (outcome instanceof KerasError) {
    expect({ id: entry.id, refused: outcome.message, expect: entry.expect }).toMatchObject({
      expect: expect.stringMatching(/refuse|either/u) as unknown as string,
    });
    const names = entry.names ?? [];
    if (names.length > 0) expect(names.some((name) => outcome.message.includes(name))).toBe(true);
    return;
  }
  if (outcome instanceof Error) throw outcome;
  await using model = outcome as Model;
  expect(entry.expect).not.toBe('refuse');
  for (const { seed, inputs, outputs } of entry.cases) {
    const results = await model.predict<TensorData>(inputsOf(seed, inputs, model));
    expect(results.map(({ shape }) => [...shape])).toEqual(outputs.map(({ shape }) => shape));
    for (const [index, expected] of outputs.entries())
      compare(results[index]?.data ?? [], expected, entry.tolerance);
  }
}

/** The generator of the inputs: s = 1664525 s + 1013904223 mod 2^32, one number from 0 to 1 for each step. */
function inputsOf(seed: number, inputs: readonly InputJson[], model: Model): Tensor<TensorData>[] {
  let state = seed >>> 0;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
  return inputs.map(({ shape, data, lo, hi, integer }, index) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const values = data
      ? Float32Array.from(data)
      : Float32Array.from({ length }, () => {
          const value = lo + (hi - lo) * next();
          return integer ? Math.floor(value) : value;
        });
    const dtype = model.inputs[index]?.dtype;
    if (dtype === 'int64') return { shape, data: BigInt64Array.from(values, (value) => BigInt(value)) };
    return { shape, data: dtype === 'int32' ? Int32Array.from(values) : values };
  });
}

/** Checks single numbers, the mean and the norm. `tolerance` is relative to the greatest number. */
function compare(actual: TensorData, expected: OutputJson, tolerance: number): void {
  const data = Array.from(actual, Number);
  const allowed = tolerance * Math.max(expected.absmax, 1e-3);
  const close = (value: number | undefined, wanted: number, limit = allowed) => {
    if (!(Math.abs((value ?? NaN) - wanted) <= limit)) expect(value).toBeCloseTo(wanted, 7);
  };
  for (const [index, wanted] of expected.first.entries()) close(data[index], wanted);
  for (const [index, wanted] of (expected.every?.values ?? []).entries()) {
    close(data[index * (expected.every?.step ?? 1)], wanted);
  }
  close(data.reduce((a, b) => a + b, 0) / data.length, expected.mean);
  close(Math.sqrt(data.reduce((a, b) => a + b * b, 0)), expected.l2, allowed * Math.sqrt(data.length));
}
