import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { activate } from '../activations.js';
import { channelsLast, restored } from '../data-format.js';
import { type LayerCall, type Lowered, runs, UnsupportedError } from '../layer.js';
import { channelsFirst, choice, count, flag, integers } from '../settings.js';
import { statedActivation } from './cells.js';
import { checkRecurrent, checkStates, recurrentInputs, recurrentOutputs } from './recurrent.js';
import { runCell } from './run.js';

/**
 * An LSTM over images, in which convolutions stand for the products.
 *
 * Source: `ConvLSTMCell.call` of `keras/src/layers/rnn/conv_lstm.py`.
 */
function convLstm(rank: number) {
  return (call: LayerCall): Lowered => {
    checkRecurrent(call);
    const { build, config } = call;
    const first = channelsFirst(call);
    const { x: given, mask, outputMask, initial } = recurrentInputs(call);
    checkStates(initial.length, 2);
    if (first && mask !== undefined && mask.shape.length > 2)
      throw new UnsupportedError('its mask is of single pixels, and its channels come first');
    if (given.shape.length !== rank + 3) throw new GraphError(`needs an input of ${rank + 3} dimensions`);
    const x = first ? stepsLast(call, given) : given;
    const weights = call.inner('cell', { className: 'ConvLSTMCell' });
    const size = integers(call, 'kernel_size', rank);
    const filters = count(call, 'filters');
    const kernel = weights('kernel', [...size, knownLength(x.shape, -1, 'the channels'), 4 * filters], {
      convolution: true,
    });
    const recurrent = weights('recurrent_kernel', [...size, filters, 4 * filters], { convolution: true });
    const bias = flag(call, 'use_bias', true) ? weights('bias', [4 * filters]) : undefined;
    const windows = {
      strides: integers(call, 'strides', rank, 1),
      padding: choice(call, 'padding', ['valid', 'same'], 'valid'),
      dilations: integers(call, 'dilation_rate', rank, 1),
    };
    const gate = (value: Value) =>
      activate(build, value, statedActivation(config, 'recurrent_activation', 'sigmoid'));
    const active = (value: Value) => activate(build, value, statedActivation(config, 'activation', 'tanh'));
    // A convolution of zeros has the shape of the state, also where a length is known only when the model runs.
    const start = build.multiply(
      build.slice(build.conv(build.at(x, 1, 0), kernel, undefined, windows), [{ axis: -1, end: filters }]),
      0,
    );
    const states = [0, 1].map((index) => {
      const state = initial[index];
      return state === undefined ? start : channelsLast(build, state, first);
    });
    const quarters = (value: Value) => build.split(value, Array<number>(4).fill(filters), -1);
    const result = runCell(
      build,
      {
        // All steps of all examples are one batch for the convolution of the inputs.
        project(steps) {
          const [time = 1, batch = 1, ...rest] = steps.shape;
          const y = build.conv(build.reshape(steps, [-1, ...rest]), kernel, bias, windows);
          return build.reshape(y, [time, batch, ...y.shape.slice(1)]);
        },
        step(input, [h = start, c = start]) {
          const z = build.add(input, build.conv(h, recurrent, undefined, { padding: 'same' }));
          const [i = z, f = z, g = z, o = z] = quarters(z);
          const carry = build.add(build.multiply(gate(f), c), build.multiply(gate(i), active(g)));
          const output = build.multiply(gate(o), active(carry));
          return { output, states: [output, carry] };
        },
      },
      {
        x,
        mask,
        initial: states,
        before: start,
        backwards: flag(call, 'go_backwards', false),
        zeroOutput: config['zero_output_for_mask'] === true,
        unroll: config['unroll'] === true,
      },
    );
    return recurrentOutputs(
      call,
      {
        sequence: first ? stepsFirst(call, result.sequence) : result.sequence,
        last: restored(build, result.last, first),
        states: result.states.map((state) => restored(build, state, first)),
      },
      outputMask,
    );
  };
}

/** (batch, time, channels, …) to (batch, time, …, channels) */
function stepsLast({ build }: LayerCall, x: Value): Value {
  const rank = x.shape.length;
  return build.transpose(x, [0, 1, ...Array.from({ length: rank - 3 }, (_, axis) => axis + 3), 2]);
}

/** (batch, time, …, channels) to (batch, time, channels, …) */
function stepsFirst({ build }: LayerCall, x: Value): Value {
  const rank = x.shape.length;
  return build.transpose(x, [0, 1, rank - 1, ...Array.from({ length: rank - 3 }, (_, axis) => axis + 2)]);
}

export const CONV_LSTM = {
  ConvLSTM1D: runs(convLstm(1)),
  ConvLSTM2D: runs(convLstm(2)),
  ConvLSTM3D: runs(convLstm(3)),
};
