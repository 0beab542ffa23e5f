/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { loadModel, type Tensor } from '../src/index.js';
import { fixture } from './support/files.js';
import { type StoredLayer, type StoredTensor, writeHdf5, writeTfjs } from './support/write-model.js';

interface Case {
  name: string;
  config: unknown;
  layers: StoredLayer[];
  inputs: StoredTensor[];
  outputs: StoredTensor[];
}

const cases = ['cells', 'masks', 'wrappers'].flatMap(
  (part) => (JSON.parse(readFileSync(fixture(`recurrent-${part}.json`), 'utf8')) as { cases: Case[] }).cases,
);

function caseOf(name: string): Case {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the fixtures have no ${name}`);
  return found;
}

async function predict(
  file: string,
  inputs: readonly StoredTensor[],
  engine: 'onnxruntime' | 'wasm' = 'onnxruntime',
): Promise<Tensor[]> {
  await using model = await loadModel(file, { engine });
  const tensors = model.inputs.map(({ dtype }, index) => {
    const { data = [], shape = [] } = inputs[index] ?? {};
    return { data: dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data), shape };
  });
  return await model.predict(tensors);
}

function expectClose(actual: readonly Tensor[], expected: readonly StoredTensor[], tolerance = 2e-5): void {
  expect(actual.map(({ shape }) => [...shape])).toEqual(expected.map(({ shape }) => shape));
  for (const [index, { data }] of expected.entries()) {
    const greatest = Math.max(0.1, ...data.map(Math.abs));
    const numbers = Array.from(actual[index]?.data ?? [], Number);
    const worst = Math.max(...data.map((value, at) => Math.abs(value - (numbers[at] ?? NaN))));
    expect(worst).toBeLessThanOrEqual(tolerance * greatest);
  }
}

const named = cases.map((one) => [one.name, one] as const);

test.each(named)('computes what Keras 3 computes: %s', async (_, { config, layers, inputs, outputs }) => {
  expectClose(await predict(await writeHdf5(config, '3.15.1', layers), inputs), outputs);
});

test.each(named.filter(([name]) => /^(mask|bidimask|conv|td_loop)/u.test(name)))(
  'computes the same on TensorFlow.js: %s',
  async (_, { config, layers, inputs, outputs }) => {
    expectClose(await predict(await writeHdf5(config, '3.15.1', layers), inputs, 'wasm'), outputs, 1e-4);
  },
);

// The files of Keras 2 below say what a model of Keras 3 in the fixtures says, so that its answers are known.

interface OldLayer {
  class_name: string;
  name: string;
  config: object;
  inbound_nodes: unknown[];
}

/** A call of a layer, as Keras 2 writes it. */
const call = (...sources: string[]): unknown[] => [sources.map((source) => [source, 0, 0, {}])];

const input = (name: string, shape: (number | null)[], dtype = 'float32'): OldLayer => ({
  class_name: 'InputLayer',
  name,
  config: { name, batch_input_shape: [null, ...shape], dtype },
  inbound_nodes: [],
});

const layer = (className: string, name: string, config: object, inbound: unknown[]): OldLayer => ({
  class_name: className,
  name,
  config: { ...config, name },
  inbound_nodes: inbound,
});

function oldModel(layers: OldLayer[], output: string): unknown {
  const inputs = layers.filter(({ class_name: className }) => className === 'InputLayer');
  return {
    class_name: 'Model',
    config: {
      name: 'model',
      layers,
      input_layers: inputs.map(({ name }) => [name, 0, 0]),
      output_layers: [[output, 0, 0]],
    },
  };
}

const TANH = { activation: 'tanh', recurrent_activation: 'sigmoid' };

function onlyLayer({ layers: [only], name }: Case): StoredLayer {
  if (only === undefined) throw new Error(`${name} has no weights`);
  return only;
}

test('a Bidirectional of Keras 2 gives zeros for masked steps, and its backward layer is not stated', async () => {
  const one = caseOf('bidi_next');
  const [both, last] = one.layers;
  if (both === undefined || last === undefined) throw new Error('the case has two layers with weights');
  const lstm = (units: number, more: object) => ({ ...TANH, units, ...more });
  const config = oldModel(
    [
      input('x', [null, 3]),
      layer('Masking', 'masking', { mask_value: 0 }, call('x')),
      layer(
        'Bidirectional',
        both.name,
        {
          merge_mode: 'concat',
          layer: { class_name: 'LSTM', config: { ...lstm(3, { return_sequences: true }), name: 'lstm' } },
        },
        call('masking'),
      ),
      layer('LSTM', last.name, lstm(2, {}), call(both.name)),
    ],
    last.name,
  );
  expectClose(await predict(await writeHdf5(config, '2.12.0', one.layers), one.inputs), one.outputs);
});

test('a layer of Keras 2 that takes its states in a list sees the mask of its input', async () => {
  const ignoring = caseOf('maskinit_lstm');
  const stored = onlyLayer(ignoring);
  const [x, h, c] = ignoring.inputs;
  if (x === undefined || h === undefined || c === undefined) throw new Error('the case has three inputs');
  const config = (masked: boolean) =>
    oldModel(
      [
        input('x', [null, 3]),
        input('h', [3]),
        input('c', [3]),
        layer('Masking', 'masking', { mask_value: 0 }, call('x')),
        layer(
          'LSTM',
          stored.name,
          { ...TANH, units: 3, return_sequences: true },
          masked ? call('masking', 'h', 'c') : call('x', 'h', 'c'),
        ),
      ],
      stored.name,
    );
  const run = async (masked: boolean) =>
    predict(await writeHdf5(config(masked), '2.12.0', [stored]), ignoring.inputs);
  const [plain, seen] = [await run(false), await run(true)];
  expectClose(plain, ignoring.outputs);
  expect(seen).not.toEqual(plain);
  // A step that does not count repeats the output before it, or gives zeros if it is the first.
  const { shape, data } = x;
  const [batch = 0, time = 0, features = 0] = shape;
  for (let step = 0; step < batch * time; step++) {
    if (data.slice(step * features, (step + 1) * features).some((value) => value !== 0)) continue;
    const at = (index: number) => Array.from(seen[0]?.data.slice(index * 3, index * 3 + 3) ?? [], Number);
    expect(at(step)).toEqual(step % time === 0 ? [0, 0, 0] : at(step - 1));
  }
});

test('a TimeDistributed of Keras 2 passes a mask on for each step, of which one part must count', async () => {
  const inner = caseOf('td_emb2');
  const [embedding, distributed] = inner.layers;
  const [x] = inner.inputs;
  const [sentences] = inner.outputs;
  if (embedding === undefined || distributed === undefined || x === undefined || sentences === undefined)
    throw new Error('the case has two layers with weights');
  const config = oldModel(
    [
      input('x', [3, 4], 'int32'),
      layer('Embedding', embedding.name, { input_dim: 4, output_dim: 3, mask_zero: true }, call('x')),
      layer(
        'TimeDistributed',
        distributed.name,
        { layer: { class_name: 'LSTM', config: { ...TANH, units: 3, name: 'lstm' } } },
        call(embedding.name),
      ),
      layer('GlobalAveragePooling1D', 'mean', {}, call(distributed.name)),
    ],
    'mean',
  );
  // The first sentence of the first example is empty.
  const data = x.data.map((word, index) => (index < 4 ? 0 : word));
  const given = [{ shape: x.shape, data }];
  const file = await writeHdf5(config, '2.12.0', [embedding, distributed]);
  const [mean] = await predict(file, given);
  await using model = await loadModel(file, { engine: 'onnxruntime' });
  const [each] = await model.features([{ data: Int32Array.from(data), shape: x.shape }], [distributed.name]);
  const numbers = Array.from(each?.data ?? [], Number);
  const counts = [0, 1, 2].map((sentence) =>
    data.slice(4 * sentence, 4 * sentence + 4).some((word) => word !== 0),
  );
  const expected = [0, 1, 2].map((unit) => {
    const counting = [0, 1, 2].filter((sentence) => counts[sentence]);
    return (
      counting.reduce((sum, sentence) => sum + Number(numbers[3 * sentence + unit]), 0) / counting.length
    );
  });
  for (const [unit, value] of expected.entries()) expect(mean?.data[unit]).toBeCloseTo(value, 5);
});

/** Kernels of shape (inputs, gates × units) as CuDNN takes them: each gate as a row-major matrix (units, inputs). */
function toCudnn({ shape: [inputs = 0, columns = 0], data }: StoredTensor, units: number): StoredTensor {
  const result = Array<number>(data.length).fill(0);
  for (let gate = 0; gate < columns / units; gate++) {
    for (let flat = 0; flat < inputs * units; flat++) {
      const [unit, row] = [Math.floor(flat / inputs), flat % inputs];
      // The stored matrix has the shape (inputs, units).
      const [toRow, toUnit] = [Math.floor(flat / units), flat % units];
      result[toRow * columns + gate * units + toUnit] = data[row * columns + gate * units + unit] ?? NaN;
    }
  }
  return { shape: [inputs, columns], data: result };
}

test.each([
  ['CuDNNLSTM', 'td_masknext', 3],
  ['CuDNNGRU', 'act_gru_softplus', 3],
] as const)('%s takes its weights as CuDNN has them', async (className, name, units) => {
  const stored = caseOf(name).layers.at(-1);
  const [kernel, recurrent, bias] = stored?.weights ?? [];
  if (kernel === undefined || recurrent === undefined || bias === undefined) throw new Error('needs weights');
  const features = Number(kernel.shape[0]);
  const model = (own: string) =>
    oldModel(
      [
        input('x', [5, features]),
        layer(own, 'recurrent', { ...TANH, units, reset_after: true, return_sequences: true }, call('x')),
      ],
      'recurrent',
    );
  const given = [
    { shape: [1, 5, features], data: Array.from({ length: 5 * features }, (_, at) => Math.sin(at)) },
  ];
  const plain = await predict(
    await writeHdf5(model(className.slice(5)), '2.3.0', [
      { name: 'recurrent', weights: [kernel, recurrent, bias] },
    ]),
    given,
  );
  const half = bias.data.map((value) => value / 4);
  const cudnnBias =
    className === 'CuDNNGRU'
      ? { shape: [bias.data.length], data: bias.data }
      : { shape: [2 * bias.data.length], data: [...half, ...half.map((value) => 3 * value)] };
  const weights = [toCudnn(kernel, units), toCudnn(recurrent, units), cudnnBias];
  const expected = plain.map(({ shape, data }) => ({ shape: [...shape], data: Array.from(data, Number) }));
  // Keras 2 also loads these weights into the class without CuDNN.
  for (const own of [className, className.slice(5)]) {
    const file = await writeHdf5(model(own), '2.3.0', [{ name: 'recurrent', weights }]);
    expectClose(await predict(file, given), expected);
  }
});

test('the weights of a Bidirectional of TensorFlow.js are found by their names', async () => {
  const one = caseOf('bidi_mul_10gru');
  const { weights } = onlyLayer(one);
  const roles = ['kernel', 'recurrent_kernel', 'bias'];
  const config = oldModel(
    [
      input('x', [null, 3]),
      layer(
        'Bidirectional',
        'both',
        {
          merge_mode: 'mul',
          layer: {
            class_name: 'GRU',
            config: { ...TANH, units: 3, reset_after: true, return_sequences: true, name: 'gru' },
          },
        },
        call('x'),
      ),
    ],
    'both',
  );
  const tensors = weights.map((tensor, index) => ({
    ...tensor,
    name: `both/${index < 3 ? 'forward' : 'backward'}_gru/gru_cell/${roles[index % 3] ?? ''}`,
  }));
  // The order of the file does not count.
  const file = await writeTfjs({ model_config: config, keras_version: '2.12.0' }, [...tensors].reverse());
  expectClose(await predict(file, one.inputs), one.outputs);
});

test.each([
  ['a stateful layer inside a TimeDistributed', { stateful: true }, 'stateful'],
  ['time_major', { time_major: true }, 'time_major'],
])('refuses %s by name', async (_, settings, word) => {
  const { layers } = caseOf('td_lstm');
  const inside = word === 'stateful';
  const lstm = { ...TANH, units: 3, name: 'inner', ...settings };
  const config = oldModel(
    [
      input('x', inside ? [3, 4, 2] : [4, 2]),
      inside
        ? layer('TimeDistributed', 'outer', { layer: { class_name: 'LSTM', config: lstm } }, call('x'))
        : layer('LSTM', 'outer', lstm, call('x')),
    ],
    'outer',
  );
  const file = await writeHdf5(config, '2.12.0', layers);
  const error: unknown = await loadModel(file, { engine: 'onnxruntime' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_LAYER' });
  expect(String(error)).toContain(word);
});
