import type { LayerSpec } from '../../config/model-spec.js';
import { GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { recurrentActivation } from '../activations.js';
import {
  type CallArgument,
  type LayerCall,
  type Lowered,
  runs,
  tensorsIn,
  UnsupportedError,
} from '../layer.js';
import { flag } from '../settings.js';
import { type Cell, cellOf, stackedCells, statedActivation } from './cells.js';
import { OLD_FORMS } from './old-weights.js';
import { runCell, type RunResult } from './run.js';

/** The input, the masks and the given states of a recurrent layer. */
export interface RecurrentInputs {
  x: Value;
  /** The steps that count, for the layer itself. */
  mask: Value | undefined;
  /** The mask of the outputs of all steps. */
  outputMask: Value | undefined;
  /** Empty: zeros. */
  initial: readonly Value[];
}

/**
 * Reads the arguments of a recurrent layer: `sequences`, `initial_state`, `mask`. Keras 2 gives the states with the
 * input in one list. If Keras 3 has states as an argument, the layer does not see the mask that comes with the input,
 * although its outputs keep it.
 *
 * Source: step 6 of `Layer.__call__` of `keras/src/layers/layer.py`.
 */
export function recurrentInputs({ args, kwargs, masks }: LayerCall): RecurrentInputs {
  const [first, second, third] = args;
  const [sequences, ...listed] = tensorsIn(first);
  if (sequences === undefined) throw new GraphError('needs an input');
  const named = tensorArgument(kwargs['initial_state'] ?? second, 'initial_state');
  const [explicit] = tensorArgument(kwargs['mask'] ?? third, 'mask');
  const outputMask = explicit ?? masks[0];
  const values = listed.length > 0 ? listed.map(({ value }) => value) : named;
  return {
    x: sequences.value,
    mask: listed.length === 0 && named.length > 0 ? explicit : outputMask,
    outputMask,
    initial: values,
  };
}

/** The tensors of an argument that may be left out. */
function tensorArgument(argument: CallArgument | undefined, name: string): Value[] {
  const tensors = tensorsIn(argument).map(({ value }) => value);
  if (tensors.length === 0 && argument?.kind === 'value' && (argument.value ?? undefined) !== undefined)
    throw new UnsupportedError(`its ${name} is a constant, not an output of a layer`);
  return tensors;
}

/** Refuses what would need a memory from one prediction to the next. */
export function checkRecurrent(call: LayerCall): void {
  if (flag(call, 'time_major', false))
    throw new UnsupportedError('its time_major is true, which Keras 3 does not have');
}

/** Zeros for the states that are not given. */
function initialStates(
  call: LayerCall,
  { x, initial }: RecurrentInputs,
  cell: Pick<Cell, 'states'>,
): Value[] {
  const { build } = call;
  if (initial.length === 0) return cell.states.map((length) => zeros(call, x, length));
  checkStates(initial.length, cell.states.length);
  return initial.map((state) => build.cast(state, 'float32'));
}

function zeros({ build }: LayerCall, x: Value, length: number): Value {
  return build.full([x.shape[0] ?? 1, length], 0);
}

/** Checks the number of states that are given. */
export function checkStates(given: number, needed: number): void {
  if (given !== 0 && given !== needed) throw new GraphError(`needs ${needed} states, but has ${given}`);
}

/** Outputs in the order of Keras: the sequence or the last output, then the states if they are wanted. */
export function recurrentOutputs(call: LayerCall, result: RunResult, mask: Value | undefined): Lowered {
  const sequences = flag(call, 'return_sequences', false);
  const states = flag(call, 'return_state', false) ? result.states : [];
  return {
    values: [sequences ? result.sequence : result.last, ...states],
    masks: [sequences ? mask : undefined],
  };
}

/** A layer of one class of cells, by the operation of the graph where it does exactly the same. */
function recurrent(className: 'SimpleRNN' | 'LSTM' | 'GRU') {
  return (call: LayerCall): Lowered => {
    checkRecurrent(call);
    const { build, config } = call;
    const inputs = recurrentInputs(call);
    const features = knownLength(inputs.x.shape, 2, 'the features of a step');
    const cell = ownCell(call, className, features);
    const backwards = flag(call, 'go_backwards', false);
    const fast = inputs.mask === undefined ? fastRun(call, className, inputs, backwards) : undefined;
    const result =
      fast ??
      runCell(build, cell, {
        x: build.cast(inputs.x, 'float32'),
        mask: inputs.mask,
        initial: initialStates(call, inputs, cell),
        before: zeros(call, inputs.x, cell.output),
        backwards,
        zeroOutput: config['zero_output_for_mask'] === true,
        unroll: config['unroll'] === true,
      });
    return recurrentOutputs(call, result, inputs.outputMask);
  };
}

/** The cell of the layer, whose weights files keep in the attribute `cell`. */
function ownCell(call: LayerCall, className: 'SimpleRNN' | 'LSTM' | 'GRU', features: number): Cell {
  const spec: LayerSpec = {
    name: call.name,
    className,
    kind: 'layer',
    custom: false,
    named: true,
    settings: call.config,
    trainable: true,
    wrapped: {},
  };
  const weights = call.inner('cell', {
    className: `${className}Cell`,
    old: OLD_FORMS[className],
  });
  return cellOf(
    spec,
    { build: call.build, weights, inner: (attribute) => call.inner(`cell/${attribute}`) },
    features,
  );
}

/** The operation of the graph that does the same as the layer. `undefined`: there is none. */
function fastRun(
  call: LayerCall,
  className: 'SimpleRNN' | 'LSTM' | 'GRU',
  { x, initial }: RecurrentInputs,
  reverse: boolean,
): RunResult | undefined {
  const { build, config } = call;
  const activation = recurrentActivation(statedActivation(config, 'activation', 'tanh'));
  const gate = recurrentActivation(statedActivation(config, 'recurrent_activation', 'sigmoid'));
  if (activation === undefined || gate === undefined) return undefined;
  const sequences = flag(call, 'return_sequences', false);
  const weights = call.inner('cell');
  const features = knownLength(x.shape, 2, 'the features of a step');
  const units = Number(config['units']);
  const gates = { SimpleRNN: 1, GRU: 3, LSTM: 4 }[className];
  const resetAfter = flag(call, 'reset_after', true);
  const biasShape = className === 'GRU' && resetAfter ? [2, gates * units] : [gates * units];
  checkStates(initial.length, className === 'LSTM' ? 2 : 1);
  const [h, c] = initial.map((state) => build.cast(state, 'float32'));
  const common = {
    x: build.cast(x, 'float32'),
    reverse,
    sequences,
    kernel: weights('kernel', [features, gates * units]),
    recurrent: weights('recurrent_kernel', [units, gates * units]),
    bias: flag(call, 'use_bias', true) ? weights('bias', biasShape) : undefined,
    h,
    activation,
  };
  switch (className) {
    case 'SimpleRNN': {
      const [output, state] = build.rnn(common);
      return { sequence: output, last: output, states: [state] };
    }
    case 'GRU': {
      const [output, state] = build.gru({ ...common, resetAfter, recurrentActivation: gate });
      return { sequence: output, last: output, states: [state] };
    }
    case 'LSTM': {
      const [output, state, carry] = build.lstm({ ...common, c, recurrentActivation: gate });
      return { sequence: output, last: output, states: [state, carry] };
    }
  }
}

/** Any cell, or several one after the other. */
function rnn(call: LayerCall): Lowered {
  checkRecurrent(call);
  const { build, config, wrapped } = call;
  const inputs = recurrentInputs(call);
  const features = knownLength(inputs.x.shape, 2, 'the features of a step');
  const cells = wrapped['cell'] ?? [];
  const context = {
    build,
    weights: call.inner('cell', { className: cells[0]?.className ?? 'cell' }),
    inner: (attribute: string) => call.inner(`cell/${attribute}`),
  };
  const [only] = cells;
  // A list of cells stands for StackedRNNCells.
  const cell =
    cells.length === 1 && only !== undefined
      ? cellOf(only, context, features)
      : stackedCells(cells, context, features);
  const result = runCell(build, cell, {
    x: build.cast(inputs.x, 'float32'),
    mask: inputs.mask,
    initial: initialStates(call, inputs, cell),
    before: zeros(call, inputs.x, cell.output),
    backwards: flag(call, 'go_backwards', false),
    zeroOutput: config['zero_output_for_mask'] === true,
    unroll: config['unroll'] === true,
  });
  return recurrentOutputs(call, result, inputs.outputMask);
}

/** A cell that is called as a layer of its own: one step, with the states as second argument. */
function cellLayer(call: LayerCall): Lowered {
  const { build, inputs } = call;
  const [x, ...states] = inputs;
  if (x === undefined) throw new GraphError('needs an input');
  const spec: LayerSpec = {
    name: call.name,
    className: call.className,
    kind: 'layer',
    custom: false,
    named: true,
    settings: call.config,
    trainable: true,
    wrapped: call.wrapped,
  };
  const context = { build, weights: call.weights, inner: (attribute: string) => call.inner(attribute) };
  const cell = cellOf(spec, context, knownLength(x.shape, 1, 'the features of a step'));
  checkStates(states.length, cell.states.length);
  const result = cell.step(cell.project(build.cast(x, 'float32')), states);
  return [result.output, ...result.states];
}

export const RECURRENT = {
  SimpleRNN: runs(recurrent('SimpleRNN')),
  LSTM: runs(recurrent('LSTM')),
  GRU: runs(recurrent('GRU')),
  RNN: runs(rnn),
  SimpleRNNCell: runs(cellLayer),
  LSTMCell: runs(cellLayer),
  GRUCell: runs(cellLayer),
  StackedRNNCells: runs(cellLayer),
};
