import type { CallSpec, LayerSpec } from '../../config/model-spec.js';
import { GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type Lowered, type Masked, runs, UnsupportedError } from '../layer.js';
import { timeFirst } from './run.js';

/** Operations on one number at a time. If the other operand is a single number, they treat all examples alike. */
const NUMBERWISE = new Set([
  'Absolute',
  'Add',
  'Cast',
  'Clip',
  'Divide',
  'Elu',
  'Exp',
  'Gelu',
  'LeakyRelu',
  'Log',
  'Maximum',
  'Minimum',
  'Multiply',
  'Negative',
  'Power',
  'Relu',
  'Relu6',
  'Selu',
  'Sigmoid',
  'Silu',
  'Softplus',
  'Sqrt',
  'Square',
  'Subtract',
  'Tanh',
  'TrueDivide',
]);

/**
 * Applies a layer to each step. If the layer treats all examples alike, batch and time become one dimension. Otherwise
 * a loop runs over the steps.
 *
 * Source: `keras/src/layers/rnn/time_distributed.py`.
 */
function timeDistributed(call: LayerCall): Lowered {
  const { wrapped, inputs, masks } = call;
  const [layer] = wrapped['layer'] ?? [];
  const [x, ...more] = inputs;
  if (layer === undefined || x === undefined || more.length > 0)
    throw new GraphError('needs a layer and 1 input');
  if (x.shape.length < 3) throw new GraphError('needs an input of at least 3 dimensions');
  if (isStateful(layer))
    throw new UnsupportedError('the layer inside is stateful, so that it goes on from step to step');
  const [mask] = masks;
  const steps: Masked = { value: x, mask: stepMask(mask) };
  const inner = treatsExamplesAlike(layer) ? merged(call, layer, steps) : looped(call, layer, steps);
  const outputMask = call.config['mask_of_layer'] === true ? maskOfLayer(call, inner.mask, mask) : mask;
  return { values: [inner.value], masks: [outputMask] };
}

/** Calls the layer once, with all steps of all examples as one batch. */
function merged(call: LayerCall, layer: LayerSpec, { value, mask }: Masked): Masked {
  const { build } = call;
  const [batch = 1, time = 1] = value.shape;
  const flat = (tensor: Value) => build.reshape(tensor, [-1, ...tensor.shape.slice(2)]);
  const split = (tensor: Value) => build.reshape(tensor, [batch, time, ...tensor.shape.slice(1)]);
  const output = callOf(call, layer, {
    value: flat(value),
    mask: mask === undefined ? undefined : flat(mask),
  });
  if (output.value.shape.length < 1) throw joins();
  return {
    value: split(output.value),
    mask: output.mask === undefined ? undefined : split(output.mask),
  };
}

/** Calls the layer for one step after the other. */
function looped(call: LayerCall, layer: LayerSpec, { value, mask }: Masked): Masked {
  const { build } = call;
  const sequences = [value, ...(mask === undefined ? [] : [mask])].map((tensor) => timeFirst(build, tensor));
  const { rows } = build.scan([], sequences, (_, [entry, counts]) => {
    if (entry === undefined) throw new Error('a loop has an entry of each sequence');
    const output = callOf(call, layer, { value: entry, mask: counts });
    if (output.value.shape.length < 1) throw joins();
    return { states: [], rows: [output.value, ...(output.mask === undefined ? [] : [output.mask])] };
  });
  const [result, resultMask] = rows.map((row) => timeFirst(build, row));
  if (result === undefined) throw new Error('a loop has a row of each result');
  return { value: result, mask: resultMask };
}

function callOf(call: LayerCall, layer: LayerSpec, input: Masked): Masked {
  const [output, ...more] = call.call(layer, 'layer', [input]);
  if (output === undefined || more.length > 0)
    throw new UnsupportedError('the layer inside has more outputs than one');
  return output;
}

function joins(): GraphError {
  return new GraphError('the layer inside joins the examples of a batch');
}

/**
 * A mask of more than two dimensions counts inside the steps. No layer can use one of two dimensions, of which a step
 * has a single number for each example.
 */
function stepMask(mask: Value | undefined): Value | undefined {
  return mask !== undefined && mask.shape.length > 2 ? mask : undefined;
}

/**
 * Before Keras 3, the mask of the outputs is that of the layer inside; if it has none, a step counts if anything in it
 * does.
 */
function maskOfLayer(
  { build }: LayerCall,
  inner: Value | undefined,
  mask: Value | undefined,
): Value | undefined {
  if (inner !== undefined || mask === undefined || mask.shape.length < 3) return inner ?? mask;
  return build.any(
    mask,
    mask.shape.slice(2).map((_, axis) => axis + 2),
  );
}

function isStateful({ settings, model, wrapped }: LayerSpec): boolean {
  return (
    settings['stateful'] === true || [model?.layers ?? [], ...Object.values(wrapped)].flat().some(isStateful)
  );
}

/** Whether the result for an example depends on this example alone, so that a batch may hold any examples. */
function treatsExamplesAlike(layer: LayerSpec): boolean {
  const { className, kind, custom, model, settings, wrapped } = layer;
  if (custom || /^(TFOp|TensorFlowOp|SlicingOp)/u.test(className)) return false;
  if (model !== undefined) {
    return (
      model.layers.every(
        (inner) =>
          (inner.kind === 'operation' && NUMBERWISE.has(inner.className)) || treatsExamplesAlike(inner),
      ) && model.calls.every(hasNumbers)
    );
  }
  if (kind === 'operation') return false;
  const axes = ['axis', 'axes', 'attention_axes'].flatMap((key) => settings[key] ?? []);
  return (
    axes.every((axis) => axis === -1 || Number(axis) > 0) &&
    Object.values(wrapped).flat().every(treatsExamplesAlike)
  );
}

/** Whether an operation has one tensor, and else only numbers. Two tensors may be broadcast along the batch. */
function hasNumbers({ layer, args, kwargs }: CallSpec): boolean {
  if (layer.kind !== 'operation') return true;
  const given = [...args, ...Object.values(kwargs)];
  return (
    given.filter(({ kind }) => kind === 'tensor').length === 1 &&
    given.every(
      (one) =>
        one.kind === 'tensor' ||
        (one.kind === 'value' && (typeof one.value !== 'object' || one.value === null)),
    )
  );
}

export const TIME_DISTRIBUTED = {
  TimeDistributed: runs(timeDistributed),
};
