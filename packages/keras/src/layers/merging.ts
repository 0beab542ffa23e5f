import type { Builder } from '../graph/builder.js';
import { axisOf, GraphError } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { type LayerCall, type Lowered, runs, UnsupportedError } from './layer.js';
import { axes, choice, flag, integer } from './settings.js';

/**
 * Brings inputs of different rank together as Keras does: dimensions of length 1 are added after the batch.
 *
 * Source: `Merge.call` of `keras/src/layers/merging/base_merge.py`.
 */
function aligned(build: Builder, inputs: readonly Value[]): Value[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  return inputs.map((input) => {
    const missing = rank - input.shape.length;
    return missing === 0
      ? input
      : build.expandDims(
          input,
          Array.from({ length: missing }, (_, axis) => axis + 1),
        );
  });
}

function merge(combine: (build: Builder, inputs: readonly Value[]) => Value) {
  return (call: LayerCall): Lowered => {
    const { build, inputs, masks } = call;
    if (inputs.length < 1) throw new GraphError('needs inputs');
    return { values: [combine(build, aligned(build, inputs))], masks: [jointMask(build, masks)] };
  };
}

/** A step counts if it counts in every input that has a mask; without a mask for each input, there is none. */
function jointMask(build: Builder, masks: readonly (Value | undefined)[]): Value | undefined {
  const given = masks.filter((mask) => mask !== undefined);
  if (given.length < masks.length) return undefined;
  return given.reduce((a, b) => build.and(a, b));
}

function folded(fn: (build: Builder, a: Value, b: Value) => Value) {
  return merge((build, inputs) => inputs.reduce((a, b) => fn(build, a, b)));
}

function concatenated({ build, inputs, masks }: LayerCall, axis: number): Lowered {
  const value = build.concat(inputs, axis);
  if (masks.every((mask) => mask === undefined)) return value;
  const rank = value.shape.length;
  const at = axisOf(axis, rank);
  // An input without a mask counts everywhere. Each mask is spread over its input, joined, and asked if all are true.
  const spread = inputs.map((input, index) => {
    const mask = masks[index];
    if (mask === undefined) return build.full(input.shape, 1, 'bool');
    const missing = rank - mask.shape.length;
    const wide = build.expandDims(
      mask,
      Array.from({ length: missing }, (_, offset) => mask.shape.length + offset),
    );
    return build.expand(wide, input.shape);
  });
  return { values: [value], masks: [build.all(build.concat(spread, at), -1)] };
}

function dot(call: LayerCall): Lowered {
  const { build } = call;
  let [x, y] = pair(call);
  const [first = -1, second = first] = axes(call, 'axes', -1);
  const at = [axisOf(first, x.shape.length), axisOf(second, y.shape.length)] as const;
  if (flag(call, 'normalize', false)) [x, y] = [unit(build, x, at[0]), unit(build, y, at[1])];
  return batchDot(build, x, y, at);
}

function pair({ inputs: [x, y] }: LayerCall): [Value, Value] {
  if (x === undefined || y === undefined) throw new GraphError('needs 2 inputs');
  return [x, y];
}

/** Sum of products along one axis of each, as `batch_dot` of `keras/src/layers/merging/dot.py`. */
function batchDot(build: Builder, x: Value, y: Value, [a, b]: readonly [number, number]): Value {
  if (a === 0 || b === 0) throw new GraphError('its axes must not be that of the batch');
  const letters = (rank: number, from: number) =>
    Array.from({ length: rank }, (_, axis) => String.fromCharCode(from + axis));
  const [left, right] = [letters(x.shape.length, 97), letters(y.shape.length, 110)];
  right[0] = left[0] ?? 'a';
  right[b] = left[a] ?? 'b';
  const result = [
    ...left.filter((_, axis) => axis !== a),
    ...right.filter((_, axis) => axis !== 0 && axis !== b),
  ];
  const product = build.einsum(`${left.join('')},${right.join('')}->${result.join('')}`, x, y);
  return product.shape.length === 1 ? build.expandDims(product, 1) : product;
}

function unit(build: Builder, x: Value, axis: number): Value {
  const norm = build.sqrt(build.maximum(build.sum(build.square(x), axis, true), 1e-24));
  return build.divide(x, norm);
}

const MODES = ['sum', 'mul', 'concat', 'ave', 'cos', 'dot', 'max'] as const;

/** The layer of Keras 1 that merged in any way. Source: `Merge` of `keras/engine/topology.py` in Keras 1.2. */
function oldMerge(call: LayerCall): Lowered {
  const { build, inputs, masks } = call;
  if (call.config['mode_type'] === 'lambda')
    throw new UnsupportedError('its mode holds Python code, which is never run');
  const mode = choice(call, 'mode', MODES, 'sum');
  const given = masks.filter((mask) => mask !== undefined);
  const joint = given.length === 0 ? undefined : given.reduce((a, b) => build.and(a, b));
  const all = (combine: (a: Value, b: Value) => Value): Lowered => ({
    values: [inputs.reduce(combine)],
    masks: [joint],
  });
  switch (mode) {
    case 'sum':
      return all((a, b) => build.add(a, b));
    case 'mul':
      return all((a, b) => build.multiply(a, b));
    case 'max':
      return all((a, b) => build.maximum(a, b));
    case 'ave': {
      const sum = inputs.reduce((a, b) => build.add(a, b));
      return { values: [build.divide(sum, inputs.length)], masks: [joint] };
    }
    case 'concat':
      return concatenated(call, integer(call, 'concat_axis', -1));
    case 'cos':
    case 'dot':
  }
  const [x, y] = pair(call);
  const [first = -1, second = first] = axes(
    { config: { axes: [call.config['dot_axes'] ?? -1].flat(2) } },
    'axes',
    -1,
  );
  const at = [axisOf(first, x.shape.length), axisOf(second, y.shape.length)] as const;
  const product = batchDot(build, x, y, at);
  if (mode === 'dot') return product;
  const squares = build.multiply(
    batchDot(build, x, x, [at[0], at[0]]),
    batchDot(build, y, y, [at[1], at[1]]),
  );
  // Keras adds a dimension: the result for two vectors has the shape (batch, 1, 1).
  return build.expandDims(build.divide(product, build.maximum(build.sqrt(squares), EPSILON)), 1);
}

/** `K.epsilon()` of Keras. */
const EPSILON = 1e-7;

export const MERGING = {
  Add: runs(folded((build, a, b) => build.add(a, b))),
  Subtract: runs(folded((build, a, b) => build.subtract(a, b))),
  Multiply: runs(folded((build, a, b) => build.multiply(a, b))),
  Maximum: runs(folded((build, a, b) => build.maximum(a, b))),
  Minimum: runs(folded((build, a, b) => build.minimum(a, b))),
  Average: runs(
    merge((build, inputs) =>
      build.divide(
        inputs.reduce((a, b) => build.add(a, b)),
        inputs.length,
      ),
    ),
  ),
  Concatenate: runs((call) => concatenated(call, integer(call, 'axis', -1))),
  Dot: runs(dot),
  Merge: runs(oldMerge),
};
