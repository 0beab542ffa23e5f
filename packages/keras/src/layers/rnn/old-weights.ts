import type { Builder } from '../../graph/builder.js';
import type { Value } from '../../graph/value.js';
import type { OldForm } from '../layer.js';

/** Keras 1 kept kernel, recurrent kernel and bias of each gate of an LSTM, in the order input, cell, forget, output. */
const lstmFromParts: OldForm = {
  shapes: ([kernel, recurrent]) => partsOf(kernel, recurrent, 4),
  combine: (build, stored) => joined(build, stored, [0, 2, 1, 3]),
};

/** The same for a GRU, in the order update, reset, candidate. */
const gruFromParts: OldForm = {
  shapes: ([kernel, recurrent]) => partsOf(kernel, recurrent, 3),
  combine: (build, stored) => joined(build, stored, [0, 1, 2]),
};

/**
 * CuDNN takes each kernel as a row-major matrix of (units, inputs) though its shape is (inputs, units), and has a second
 * bias, which is added to the first.
 *
 * Source: `_convert_rnn_weights` of `keras/src/saving/legacy/hdf5_format.py` of Keras 2.
 */
const lstmFromCudnn: OldForm = {
  shapes: ([kernel = [], recurrent = [], [bias = 0] = []]) => [kernel, recurrent, [2 * bias]],
  combine(build, [kernel, recurrent, bias]) {
    const [first, second] = build.split(
      given(bias),
      [Number(given(bias).shape[0]) / 2, Number(given(bias).shape[0]) / 2],
      0,
    );
    return [...fromCudnn(build, given(kernel), given(recurrent), 4), build.add(given(first), given(second))];
  },
};

/** The two biases of a GRU stay apart. */
const gruFromCudnn: OldForm = {
  shapes: ([kernel = [], recurrent = [], bias = []]) => [
    kernel,
    recurrent,
    [bias.reduce((a, b) => a * b, 1)],
  ],
  combine: (build, [kernel, recurrent, bias]) => [
    ...fromCudnn(build, given(kernel), given(recurrent), 3),
    build.reshape(given(bias), [2, Number(given(bias).shape[0]) / 2]),
  ],
};

/**
 * The forms of each class. Weights of CuDNNLSTM and CuDNNGRU may be in files for either class, because Keras 2 loads
 * them into both.
 */
export const OLD_FORMS: Readonly<Record<'SimpleRNN' | 'LSTM' | 'GRU', readonly OldForm[]>> = {
  SimpleRNN: [],
  LSTM: [lstmFromParts, lstmFromCudnn],
  GRU: [gruFromParts, gruFromCudnn],
};

function partsOf(
  kernel: readonly number[] | undefined,
  recurrent: readonly number[] | undefined,
  gates: number,
): number[][] {
  const [inputs = 0] = kernel ?? [];
  const [units = 0] = recurrent ?? [];
  return Array.from({ length: gates }, () => [[inputs, units], [units, units], [units]]).flat();
}

/** Joins the parts of all gates along the last axis. */
function joined(build: Builder, stored: readonly Value[], order: readonly number[]): Value[] {
  return [0, 1, 2].map((part) =>
    build.concat(
      order.map((gate) => given(stored[3 * gate + part])),
      -1,
    ),
  );
}

function fromCudnn(build: Builder, kernel: Value, recurrent: Value, gates: number): [Value, Value] {
  const [inputs, units] = [Number(kernel.shape[0]), Number(recurrent.shape[0])];
  const lengths = Array<number>(gates).fill(units);
  const own = (matrix: Value, rows: number) =>
    build.concat(
      build
        .split(matrix, lengths, 1)
        .map((gate) => build.transpose(build.reshape(gate, [units, rows]), [1, 0])),
      1,
    );
  return [own(kernel, inputs), own(recurrent, units)];
}

function given(value: Value | undefined): Value {
  if (value === undefined) throw new Error('an old form has all its weights');
  return value;
}
