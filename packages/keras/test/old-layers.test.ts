/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { loadModel } from '../src/index.js';
import { type StoredLayer, type StoredTensor, writeHdf5 } from './support/write-model.js';

type Matrix = number[][];

let seed = 1;
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 4294967296 - 0.5;
const matrix = (rows: number, columns: number): Matrix =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(2 * random())));
const vector = (length: number): number[] => matrix(1, length).flat();

const stored = (values: Matrix | number[]): StoredTensor => {
  const [first] = values;
  return {
    shape: Array.isArray(first) ? [values.length, first.length] : [values.length],
    data: values.flat(),
  };
};

const product = (x: readonly number[], kernel: Matrix, bias: readonly number[] = []): number[] =>
  (kernel[0] ?? []).map((_, unit) =>
    x.reduce((sum, number, at) => sum + number * (kernel[at]?.[unit] ?? NaN), bias[unit] ?? 0),
  );
const dot = (x: readonly number[], y: readonly number[]) =>
  x.reduce((sum, number, at) => sum + number * (y[at] ?? NaN), 0);

const layer = (className: string, config: object) => ({ class_name: className, config });

/** The outputs of a model of Keras 1 for rows of numbers. */
async function outputsOf(
  config: unknown,
  layers: readonly StoredLayer[],
  inputs: readonly Matrix[],
): Promise<{ shape: number[]; data: number[] }> {
  const file = await writeHdf5(config, '1.2.2', layers);
  await using model = await loadModel(file, { engine: 'onnxruntime' });
  const [output] = await model.predict(
    inputs.map((rows) => ({
      shape: [rows.length, rows[0]?.length ?? 0],
      data: Float32Array.from(rows.flat()),
    })),
  );
  return { shape: [...(output?.shape ?? [])], data: Array.from(output?.data ?? [], Number) };
}

function expectClose(found: { data: number[] }, expected: readonly (readonly number[])[]): void {
  const numbers = expected.flat();
  expect(found.data).toHaveLength(numbers.length);
  for (const [at, number] of numbers.entries()) expect(found.data[at]).toBeCloseTo(number, 5);
}

const WIDTH = 4;
const rows = matrix(3, WIDTH);
const only = (className: string, config: object, weights: StoredTensor[]) =>
  outputsOf(
    {
      class_name: 'Sequential',
      config: [
        layer(className, { name: 'one', input_dim: WIDTH, batch_input_shape: [null, WIDTH], ...config }),
      ],
    },
    [{ name: 'one', weights }],
    [rows],
  );

test('MaxoutDense takes the greatest of its products', async () => {
  const [kernels, biases] = [[matrix(WIDTH, 3), matrix(WIDTH, 3)], matrix(2, 3)];
  const found = await only('MaxoutDense', { output_dim: 3, nb_feature: 2, bias: true }, [
    { shape: [2, WIDTH, 3], data: kernels.flat(2) },
    stored(biases),
  ]);
  const products = (row: number[]) => kernels.map((kernel, at) => product(row, kernel, biases[at]));
  expectClose(
    found,
    rows.map((row) =>
      (products(row)[0] ?? []).map((_, unit) => Math.max(...products(row).map((one) => one[unit] ?? NaN))),
    ),
  );
});

const highway = {
  kernel: matrix(WIDTH, WIDTH),
  carry: matrix(WIDTH, WIDTH),
  bias: vector(WIDTH),
  carryBias: vector(WIDTH),
};

test.each([
  ['of version 1.2', [highway.kernel, highway.carry, highway.bias, highway.carryBias]],
  ['of version 1.0', [highway.kernel, highway.bias, highway.carry, highway.carryBias]],
])('Highway takes its weights in the order %s', async (_, weights) => {
  const found = await only('Highway', { activation: 'tanh', bias: true }, weights.map(stored));
  expectClose(
    found,
    rows.map((row) => {
      const changed = product(row, highway.kernel, highway.bias).map(Math.tanh);
      const shares = product(row, highway.carry, highway.carryBias).map((x) => 1 / (1 + Math.exp(-x)));
      return row.map((x, at) => (changed[at] ?? NaN) * (shares[at] ?? NaN) + x * (1 - (shares[at] ?? NaN)));
    }),
  );
});

test('SReLU has a slope of its own on each side', async () => {
  const [tLeft, aLeft, tRight, aRight] = [
    [-0.2, 0, -0.5, 0.1],
    [0.5, 2, 0.1, 0.3],
    [0.3, -0.2, 0.4, 0.2],
    vector(WIDTH),
  ];
  const found = await only('SReLU', {}, [tLeft, aLeft, tRight, aRight].map(stored));
  expectClose(
    found,
    rows.map((row) =>
      row.map((x, at) => {
        const left = tLeft[at] ?? NaN;
        const right = left + Math.abs(tRight[at] ?? NaN);
        if (x < left) return left + (aLeft[at] ?? NaN) * (x - left);
        return x > right ? right + (aRight[at] ?? NaN) * (x - right) : x;
      }),
    ),
  );
});

test('ParametricSoftplus is a softplus with two weights for each number', async () => {
  const [alpha, beta] = [vector(WIDTH), vector(WIDTH)];
  const found = await only('ParametricSoftplus', {}, [alpha, beta].map(stored));
  expectClose(
    found,
    rows.map((row) => row.map((x, at) => (alpha[at] ?? NaN) * Math.log(1 + Math.exp((beta[at] ?? NaN) * x)))),
  );
});

test('TimeDistributedDense is a Dense for each step', async () => {
  const kernel = matrix(2, 3);
  const config = [
    layer('Reshape', { name: 'steps', target_shape: [2, 2], batch_input_shape: [null, WIDTH] }),
    layer('TimeDistributedDense', { name: 'one', output_dim: 3, bias: false, activation: 'linear' }),
  ];
  const found = await outputsOf(
    { class_name: 'Sequential', config },
    [{ name: 'one', weights: [stored(kernel)] }],
    [rows],
  );
  expect(found.shape).toEqual([3, 2, 3]);
  expectClose(
    found,
    rows.flatMap((row) => [product(row.slice(0, 2), kernel), product(row.slice(2), kernel)]),
  );
});

const others = matrix(3, WIDTH);
const pairs = rows.map((row, at) => [row, others[at] ?? []] as const);
const numberwise = (fn: (x: number, y: number) => number) =>
  pairs.map(([x, y]) => x.map((number, at) => fn(number, y[at] ?? NaN)));
const cosine = (x: readonly number[], y: readonly number[]) => dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));

test.each([
  ['sum', {}, numberwise((x, y) => x + y), [3, 4]],
  ['mul', {}, numberwise((x, y) => x * y), [3, 4]],
  ['ave', {}, numberwise((x, y) => (x + y) / 2), [3, 4]],
  ['max', {}, numberwise(Math.max), [3, 4]],
  ['concat', { concat_axis: 1 }, pairs.map(([x, y]) => [...x, ...y]), [3, 8]],
  ['dot', { dot_axes: 1 }, pairs.map(([x, y]) => [dot(x, y)]), [3, 1]],
  ['cos', { dot_axes: [1, 1] }, pairs.map(([x, y]) => [cosine(x, y)]), [3, 1, 1]],
])('Merge in the mode %s', async (mode, settings, expected, shape) => {
  const input = (name: string) => ({
    ...layer('InputLayer', { name, batch_input_shape: [null, WIDTH], input_dtype: 'float32' }),
    name,
    inbound_nodes: [],
  });
  const config = {
    class_name: 'Model',
    config: {
      name: 'model',
      layers: [
        input('a'),
        input('b'),
        {
          ...layer('Merge', {
            name: 'both',
            mode,
            mode_type: 'raw',
            dot_axes: -1,
            concat_axis: -1,
            ...settings,
          }),
          name: 'both',
          inbound_nodes: [
            [
              ['a', 0, 0],
              ['b', 0, 0],
            ],
          ],
        },
      ],
      input_layers: [
        ['a', 0, 0],
        ['b', 0, 0],
      ],
      output_layers: [['both', 0, 0]],
    },
  };
  const found = await outputsOf(config, [], [rows, others]);
  expect(found.shape).toEqual(shape);
  expectClose(found, expected);
});

/** A Sequential that begins with a Merge of two others. */
function branched(merge: object): unknown {
  const branch = (name: string, units: number) =>
    layer('Sequential', [
      layer('Dense', {
        name,
        output_dim: units,
        batch_input_shape: [null, WIDTH],
        activation: 'linear',
        bias: true,
      }),
    ]);
  return {
    class_name: 'Sequential',
    config: [
      layer('Merge', { name: 'merge_1', layers: [branch('dense_1', 2), branch('dense_2', 3)], ...merge }),
      layer('Dense', { name: 'dense_3', output_dim: 2, activation: 'linear', bias: true }),
    ],
  };
}

test('a Sequential may begin with a Merge of others', async () => {
  const weights = [
    { kernel: matrix(WIDTH, 2), bias: vector(2) },
    { kernel: matrix(WIDTH, 3), bias: vector(3) },
    { kernel: matrix(5, 2), bias: vector(2) },
  ] as const;
  const found = await outputsOf(
    branched({ mode: 'concat', mode_type: 'raw', concat_axis: -1 }),
    weights.map(({ kernel, bias }, at) => ({ name: `dense_${at + 1}`, weights: [kernel, bias].map(stored) })),
    [rows, others],
  );
  const [left, right, last] = weights;
  expectClose(
    found,
    pairs.map(([x, y]) =>
      product(
        [...product(x, left.kernel, left.bias), ...product(y, right.kernel, right.bias)],
        last.kernel,
        last.bias,
      ),
    ),
  );
});

test('a Merge whose mode is a function is refused by name', async () => {
  const file = await writeHdf5(branched({ mode: 'abc', mode_type: 'lambda' }), '1.2.2', []);
  await expect(loadModel(file)).rejects.toMatchObject({
    code: 'ERR_KERAS_UNSUPPORTED_LAYER',
    layer: 'merge_1',
  });
});
