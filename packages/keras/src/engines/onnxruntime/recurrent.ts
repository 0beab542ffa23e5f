import type {
  GruOperation,
  LstmOperation,
  RecurrentActivation,
  RnnOperation,
} from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import type { OnnxAttribute } from './onnx-message.js';
import type { OnnxWriter } from './onnx-writer.js';

/** Positions of ONNX's gates (input, output, forget, cell) in Keras's order (input, forget, cell, output). */
const LSTM_GATES = [0, 3, 1, 2];
/** ONNX's order of update, reset and candidate is that of Keras. */
const GRU_GATES = [0, 1, 2];

export function lstm(writer: OnnxWriter, operation: LstmOperation): string[] {
  const units = unitsOf(operation);
  const inputs = [
    ...weights(writer, operation, LSTM_GATES, units),
    '',
    state(writer, operation.h),
    state(writer, operation.c),
  ];
  const [y = '', h = '', c = ''] = writer.emitAll(
    'LSTM',
    inputs,
    {
      hidden_size: units,
      ...direction(operation),
      ...activations([operation.recurrentActivation, operation.activation, operation.activation]),
    },
    3,
  );
  return [output(writer, operation, y, h), first(writer, h), first(writer, c)];
}

export function gru(writer: OnnxWriter, operation: GruOperation): string[] {
  const units = unitsOf(operation);
  const [y = '', h = ''] = writer.emitAll(
    'GRU',
    [...weights(writer, operation, GRU_GATES, units), '', state(writer, operation.h)],
    {
      hidden_size: units,
      linear_before_reset: operation.resetAfter ? 1 : 0,
      ...direction(operation),
      ...activations([operation.recurrentActivation, operation.activation]),
    },
    2,
  );
  return [output(writer, operation, y, h), first(writer, h)];
}

export function rnn(writer: OnnxWriter, operation: RnnOperation): string[] {
  const units = unitsOf(operation);
  const [y = '', h = ''] = writer.emitAll(
    'RNN',
    [...weights(writer, operation, [0], units), '', state(writer, operation.h)],
    { hidden_size: units, ...direction(operation), ...activations([operation.activation]) },
    2,
  );
  return [output(writer, operation, y, h), first(writer, h)];
}

type Recurrent = LstmOperation | GruOperation | RnnOperation;

function unitsOf({ recurrent }: Recurrent): number {
  return Number(recurrent.shape[0]);
}

/** Input of shape (time, batch, features), kernels of shape (1, gates × units, inputs), biases (1, 2 × gates × units). */
function weights(
  writer: OnnxWriter,
  operation: Recurrent,
  gates: readonly number[],
  units: number,
): string[] {
  const x = writer.emit('Transpose', [writer.name(operation.x)], { perm: [1, 0, 2] });
  const kernel = (value: Value) => {
    const [rows = 0, columns = 0] = value.shape.map(Number);
    const { data } = writer.constant(value);
    const result = new Float32Array(rows * columns);
    let at = 0;
    for (const gate of gates) {
      for (let unit = 0; unit < units; unit++) {
        for (let row = 0; row < rows; row++) result[at++] = Number(data[row * columns + gate * units + unit]);
      }
    }
    return writer.literal(result, [1, columns, rows], 'float32');
  };
  return [x, kernel(operation.kernel), kernel(operation.recurrent), bias(writer, operation, gates, units)];
}

/** ONNX has a bias for the input and one for the state. Keras has both only for a GRU with `reset_after`. */
function bias(writer: OnnxWriter, operation: Recurrent, gates: readonly number[], units: number): string {
  if (operation.bias === undefined) return '';
  const { data } = writer.constant(operation.bias);
  const width = gates.length * units;
  const result = new Float32Array(2 * width);
  for (const [to, gate] of gates.entries()) {
    for (let unit = 0; unit < units; unit++) {
      result[to * units + unit] = Number(data[gate * units + unit]);
      if (data.length === 2 * width)
        result[width + to * units + unit] = Number(data[width + gate * units + unit]);
    }
  }
  return writer.literal(result, [1, 2 * width], 'float32');
}

function state(writer: OnnxWriter, value: Value | undefined): string {
  return value === undefined ? '' : writer.emit('Unsqueeze', [writer.name(value), writer.integers([0])]);
}

function direction({ reverse }: Recurrent): Record<string, OnnxAttribute> {
  return { direction: reverse ? 'reverse' : 'forward' };
}

const NAMES: Readonly<Record<RecurrentActivation['fn'], string>> = {
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  relu: 'Relu',
  linear: 'Affine',
  softsign: 'Softsign',
  softplus: 'Softplus',
  hardSigmoid: 'HardSigmoid',
};

/** ONNX takes the arguments in one list each, for those activations only that have arguments. */
function activations(list: readonly RecurrentActivation[]): Record<string, OnnxAttribute> {
  const alphas: number[] = [];
  const betas: number[] = [];
  for (const one of list) {
    if (one.fn !== 'hardSigmoid' && one.fn !== 'linear') continue;
    alphas.push(one.fn === 'hardSigmoid' ? one.alpha : 1);
    betas.push(one.fn === 'hardSigmoid' ? one.beta : 0);
  }
  return {
    activations: { strings: list.map(({ fn }) => NAMES[fn]) },
    ...(alphas.length > 0
      ? { activation_alpha: { floats: alphas }, activation_beta: { floats: betas } }
      : {}),
  };
}

/** The outputs of all steps as (batch, time, units) in the order of computation, or the last. */
function output(writer: OnnxWriter, operation: Recurrent, y: string, h: string): string {
  if (!operation.sequences) return first(writer, h);
  const all = writer.emit('Squeeze', [y, writer.integers([1])]);
  const batchFirst = writer.emit('Transpose', [all], { perm: [1, 0, 2] });
  if (!operation.reverse) return batchFirst;
  const list = (number: number) => writer.integers([number]);
  return writer.emit('Slice', [batchFirst, list(-1), list(-(2 ** 52)), list(1), list(-1)]);
}

function first(writer: OnnxWriter, name: string): string {
  return writer.emit('Squeeze', [name, writer.integers([0])]);
}
