import type { Tensor } from '@tensorflow/tfjs-core';

import type {
  GruOperation,
  LstmOperation,
  RecurrentActivation,
  RnnOperation,
} from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import type { TensorFlow } from './tensorflow.js';

type Read = (value: Value) => Tensor;
type Recurrent = LstmOperation | GruOperation | RnnOperation;

/** Gates are in Keras's order: input, forget, cell, output. */
export function lstm(tf: TensorFlow, operation: LstmOperation, read: Read): Tensor[] {
  const units = operation.recurrent.shape[0];
  const recurrent = read(operation.recurrent);
  const gate = (x: Tensor) => activate(tf, operation.recurrentActivation, x);
  const active = (x: Tensor) => activate(tf, operation.activation, x);
  return run(tf, operation, read, [operation.h, operation.c], (x, [h, c]) => {
    if (h === undefined || c === undefined) throw new Error('an LSTM has two states');
    const [i, f, g, o] = split(tf, tf.add(x, tf.matMul(h, recurrent)), 4, Number(units));
    const carry = tf.add(tf.mul(gate(f), c), tf.mul(gate(i), active(g)));
    const output = tf.mul(gate(o), active(carry));
    return [output, carry];
  });
}

/** Gates are in Keras's order: update, reset, candidate. */
export function gru(tf: TensorFlow, operation: GruOperation, read: Read): Tensor[] {
  const units = Number(operation.recurrent.shape[0]);
  const recurrent = read(operation.recurrent);
  const bias = operation.bias === undefined ? undefined : read(operation.bias);
  const recurrentBias =
    bias !== undefined && operation.resetAfter ? tf.slice(bias, [1, 0], [1, -1]) : undefined;
  const gate = (x: Tensor) => activate(tf, operation.recurrentActivation, x);
  return run(tf, operation, read, [operation.h], (x, [h]) => {
    if (h === undefined) throw new Error('a GRU has a state');
    const [xz, xr, xh] = split(tf, x, 3, units);
    let update: Tensor;
    let candidate: Tensor;
    if (operation.resetAfter) {
      const inner = tf.matMul(h, recurrent);
      const [hz, hr, hh] = split(
        tf,
        recurrentBias === undefined ? inner : tf.add(inner, recurrentBias),
        3,
        units,
      );
      update = gate(tf.add(xz, hz));
      candidate = tf.add(xh, tf.mul(gate(tf.add(xr, hr)), hh));
    } else {
      const [rz, rr, rh] = split(tf, recurrent, 3, units);
      update = gate(tf.add(xz, tf.matMul(h, rz)));
      const reset = gate(tf.add(xr, tf.matMul(h, rr)));
      candidate = tf.add(xh, tf.matMul(tf.mul(reset, h), rh));
    }
    const output = tf.add(
      tf.mul(update, h),
      tf.mul(tf.sub(1, update), activate(tf, operation.activation, candidate)),
    );
    return [output];
  });
}

export function rnn(tf: TensorFlow, operation: RnnOperation, read: Read): Tensor[] {
  const recurrent = read(operation.recurrent);
  return run(tf, operation, read, [operation.h], (x, [h]) => {
    if (h === undefined) throw new Error('an RNN has a state');
    return [activate(tf, operation.activation, tf.add(x, tf.matMul(h, recurrent)))];
  });
}

/**
 * Runs a step for each entry. The product with the kernel is computed for all steps at once.
 *
 * @param step Takes the product for a step, and returns the next states, of which the first is the output.
 */
function run(
  tf: TensorFlow,
  operation: Recurrent,
  read: Read,
  given: readonly (Value | undefined)[],
  step: (x: Tensor, states: readonly Tensor[]) => Tensor[],
): Tensor[] {
  const x = read(operation.x);
  const [batch = 1, time = 1, features = 1] = x.shape;
  const kernel = read(operation.kernel);
  const units = Number(operation.recurrent.shape[0]);
  const product = tf.matMul(tf.reshape(x, [batch * time, features]), kernel);
  const biased =
    operation.bias === undefined ? product : tf.add(product, inputBias(tf, operation, read(operation.bias)));
  const steps = tf.unstack(tf.reshape(biased, [batch, time, -1]), 1);
  if (operation.reverse) steps.reverse();
  let states = given.map((state) => (state === undefined ? tf.zeros([batch, units]) : read(state)));
  const outputs: Tensor[] = [];
  for (const entry of steps) {
    states = tf.tidy(() => step(entry, states));
    const [output] = states;
    if (output !== undefined && operation.sequences) outputs.push(output);
  }
  const [last] = states;
  if (last === undefined) throw new Error('a recurrent operation has a state');
  const result = operation.sequences ? tf.stack(outputs, 1) : tf.clone(last);
  return [result, ...states.map((state) => tf.clone(state))];
}

/** The bias of a GRU with `resetAfter` has a second row, for the state. */
function inputBias(tf: TensorFlow, operation: Recurrent, bias: Tensor): Tensor {
  return operation.op === 'gru' && operation.resetAfter ? tf.slice(bias, [0, 0], [1, -1]) : bias;
}

function split(tf: TensorFlow, x: Tensor, count: 3, units: number): [Tensor, Tensor, Tensor];
function split(tf: TensorFlow, x: Tensor, count: 4, units: number): [Tensor, Tensor, Tensor, Tensor];
function split(tf: TensorFlow, x: Tensor, count: number, units: number): Tensor[] {
  return tf.split(x, Array<number>(count).fill(units), 1);
}

function activate(tf: TensorFlow, activation: RecurrentActivation, x: Tensor): Tensor {
  switch (activation.fn) {
    case 'tanh':
      return tf.tanh(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'relu':
      return tf.relu(x);
    case 'linear':
      return x;
    case 'softsign':
      return tf.div(x, tf.add(tf.abs(x), 1));
    case 'softplus':
      return tf.softplus(x);
    case 'hardSigmoid':
      return tf.clipByValue(tf.add(tf.mul(x, activation.alpha), activation.beta), 0, 1);
  }
}
