import type { LayerSpec, Settings } from '../../config/model-spec.js';
import type { Builder } from '../../graph/builder.js';
import type { Value } from '../../graph/value.js';
import { activate } from '../activations.js';
import { type DeclareWeight, UnsupportedError } from '../layer.js';
import { groupNames } from '../lower-model.js';
import { count, flag } from '../settings.js';

/** One step of a recurrent layer. */
export interface Cell {
  /** Length of each state; the first is also that of the output. */
  states: readonly number[];
  /** Length of the output. */
  output: number;
  /**
   * What can be computed for all steps at once, before the first. `step` takes the result.
   *
   * @param x Shape (time, batch, inputs).
   */
  project(x: Value): Value;
  step(x: Value, states: readonly Value[]): { output: Value; states: readonly Value[] };
}

/** What a cell needs to declare its weights. */
export interface CellContext {
  build: Builder;
  weights: DeclareWeight;
  /** Declares the weights of a cell inside this one. */
  inner: (attribute: string) => DeclareWeight;
}

/**
 * Makes the cell that a configuration states.
 *
 * @param inputs Length of the input of a step.
 * @throws {UnsupportedError} When the class is not one of Keras's cells.
 */
export function cellOf(
  { className, settings, wrapped }: LayerSpec,
  context: CellContext,
  inputs: number,
): Cell {
  switch (className) {
    case 'SimpleRNNCell':
    case 'SimpleRNN':
      return simpleRnnCell(settings, context, inputs);
    case 'LSTMCell':
    case 'LSTM':
      return lstmCell(settings, context, inputs);
    case 'GRUCell':
    case 'GRU':
      return gruCell(settings, context, inputs);
    case 'StackedRNNCells':
      return stackedCells(wrapped['cells'] ?? [], context, inputs);
    default:
      throw new UnsupportedError(`its cell ${className} is not one of Keras`);
  }
}

/** Source: `SimpleRNNCell.call` of `keras/src/layers/rnn/simple_rnn.py`. */
function simpleRnnCell(config: Settings, { build, weights }: CellContext, inputs: number): Cell {
  const units = count({ config }, 'units');
  const kernel = weights('kernel', [inputs, units]);
  const recurrent = weights('recurrent_kernel', [units, units]);
  const bias = flag({ config }, 'use_bias', true) ? weights('bias', [units]) : undefined;
  const active = activation(build, config, 'activation', 'tanh');
  return {
    states: [units],
    output: units,
    project: (x) => biased(build, build.matMul(x, kernel), bias),
    step(x, [h]) {
      const output = active(build.add(x, build.matMul(state(h), recurrent)));
      return { output, states: [output] };
    },
  };
}

/** Source: `LSTMCell.call` of `keras/src/layers/rnn/lstm.py`. Gates are in the order input, forget, cell, output. */
function lstmCell(config: Settings, { build, weights }: CellContext, inputs: number): Cell {
  const units = count({ config }, 'units');
  const kernel = weights('kernel', [inputs, 4 * units]);
  const recurrent = weights('recurrent_kernel', [units, 4 * units]);
  const bias = flag({ config }, 'use_bias', true) ? weights('bias', [4 * units]) : undefined;
  const gate = activation(build, config, 'recurrent_activation', 'sigmoid');
  const active = activation(build, config, 'activation', 'tanh');
  return {
    states: [units, units],
    output: units,
    project: (x) => biased(build, build.matMul(x, kernel), bias),
    step(x, [h, c]) {
      const z = build.add(x, build.matMul(state(h), recurrent));
      const [i, f, g, o] = build.split(z, [units, units, units, units], -1).map(state);
      const carry = build.add(
        build.multiply(gate(state(f)), state(c)),
        build.multiply(gate(state(i)), active(state(g))),
      );
      const output = build.multiply(gate(state(o)), active(carry));
      return { output, states: [output, carry] };
    },
  };
}

/** Source: `GRUCell.call` of `keras/src/layers/rnn/gru.py`. Gates are in the order update, reset, candidate. */
function gruCell(config: Settings, { build, weights }: CellContext, inputs: number): Cell {
  const units = count({ config }, 'units');
  const resetAfter = flag({ config }, 'reset_after', true);
  const kernel = weights('kernel', [inputs, 3 * units]);
  const recurrent = weights('recurrent_kernel', [units, 3 * units]);
  const bias = flag({ config }, 'use_bias', true)
    ? weights('bias', resetAfter ? [2, 3 * units] : [3 * units])
    : undefined;
  const [inputBias, recurrentBias] =
    bias === undefined ? [] : resetAfter ? [build.at(bias, 0, 0), build.at(bias, 0, 1)] : [bias];
  const gate = activation(build, config, 'recurrent_activation', 'sigmoid');
  const active = activation(build, config, 'activation', 'tanh');
  const thirds = (x: Value) => build.split(x, [units, units, units], -1);
  return {
    states: [units],
    output: units,
    project: (x) => biased(build, build.matMul(x, kernel), inputBias),
    step(x, [previous]) {
      const h = state(previous);
      const [xz, xr, xh] = thirds(x).map(state);
      let candidate: Value;
      let update: Value;
      if (resetAfter) {
        const [hz, hr, hh] = thirds(biased(build, build.matMul(h, recurrent), recurrentBias)).map(state);
        update = gate(build.add(state(xz), state(hz)));
        const reset = gate(build.add(state(xr), state(hr)));
        candidate = build.add(state(xh), build.multiply(reset, state(hh)));
      } else {
        const [rz, rr, rh] = thirds(recurrent).map(state);
        update = gate(build.add(state(xz), build.matMul(h, state(rz))));
        const reset = gate(build.add(state(xr), build.matMul(h, state(rr))));
        candidate = build.add(state(xh), build.matMul(build.multiply(reset, h), state(rh)));
      }
      const output = build.add(
        build.multiply(update, h),
        build.multiply(build.subtract(1, update), active(candidate)),
      );
      return { output, states: [output] };
    },
  };
}

/** Cells one after the other: each takes the output of the one before. */
export function stackedCells(
  specs: readonly LayerSpec[],
  { build, inner }: CellContext,
  inputs: number,
): Cell {
  const names = groupNames(specs);
  let length = inputs;
  const cells = specs.map((spec) => {
    const attribute = `cells/${names.get(spec) ?? ''}`;
    const context: CellContext = {
      build,
      weights: inner(attribute),
      inner: (below) => inner(`${attribute}/${below}`),
    };
    const cell = cellOf(spec, context, length);
    length = cell.output;
    return cell;
  });
  return {
    states: cells.flatMap((cell) => cell.states),
    output: length,
    project: (x) => cells[0]?.project(x) ?? x,
    step(x, states) {
      const rest = [...states];
      const next: Value[] = [];
      let output = x;
      for (const [index, cell] of cells.entries()) {
        const result = cell.step(
          index === 0 ? output : cell.project(output),
          rest.splice(0, cell.states.length),
        );
        output = result.output;
        next.push(...result.states);
      }
      return { output, states: next };
    },
  };
}

/** An activation as the configuration states it. `null` is linear; only a missing one is the default. */
function activation(
  build: Builder,
  config: Settings,
  key: 'activation' | 'recurrent_activation',
  otherwise: string,
): (x: Value) => Value {
  return (x) => activate(build, x, statedActivation(config, key, otherwise));
}

/** What `activate` takes for an activation of a recurrent layer. */
export function statedActivation(
  config: Settings,
  key: 'activation' | 'recurrent_activation',
  otherwise: string,
): unknown {
  return key in config ? config[key] : otherwise;
}

function biased(build: Builder, x: Value, bias: Value | undefined): Value {
  return bias === undefined ? x : build.add(x, bias);
}

function state(value: Value | undefined): Value {
  if (value === undefined) throw new UnsupportedError('it has another number of states than its class');
  return value;
}
