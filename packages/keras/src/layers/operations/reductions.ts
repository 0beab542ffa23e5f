import type { Builder } from '../../graph/builder.js';
import { axisOf } from '../../graph/shapes.js';
import type { Dimension, Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs } from '../layer.js';
import { flag, integer, optionalNumber } from '../settings.js';
import { axesSetting, floating, optionalTensor, setting, tensor, type Typed, typed } from './arguments.js';
import { castTo, type KerasType, toType } from './types.js';

/** Axes and `keepDims` of a reduction. */
export interface Over {
  axes: number[] | undefined;
  keepDims: boolean;
}

export function overOf(call: LayerCall): Over {
  return { axes: axesSetting(call), keepDims: flag(call, 'keepdims', false) };
}

/** Sums and products of short integers are integers of 32 bits. */
export function widened({ value, type }: Typed, build: Builder): Value {
  const wider: Partial<Record<KerasType, KerasType>> = {
    bool: 'int32',
    int8: 'int32',
    int16: 'int32',
    uint8: 'uint32',
    uint16: 'uint32',
  };
  return toType(build, value, wider[type] ?? type);
}

function summed(fn: 'sum' | 'product'): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const { axes, keepDims } = overOf(call);
    const dtype = setting(call, 'dtype');
    const x = dtype === undefined ? widened(typed(call, 0, 'x'), build) : tensor(call, 0, 'x');
    return fn === 'product' && x.dtype !== 'float32'
      ? integerProduct(build, x, { axes, keepDims })
      : build.reduce(fn, x, axes, keepDims);
  });
}

/** A product of integers, one after the other, so that it overflows as in TensorFlow. */
function integerProduct(build: Builder, x: Value, { axes, keepDims }: Over): Value {
  const over = (axes ?? [...x.shape.keys()]).map((axis) => axisOf(axis, x.shape.length));
  const others = [...x.shape.keys()].filter((axis) => !over.includes(axis));
  const rest = others.map((axis) => x.shape[axis] ?? 1);
  const rows = build.reshape(build.transpose(x, [...over, ...others]), [-1, ...rest]);
  const product = loop(build, rows).states[0] ?? rows;
  return keepDims ? build.expandDims(product, over) : product;
}

function extreme(fn: 'max' | 'min'): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const { axes, keepDims } = overOf(call);
    const x = tensor(call, 0, 'x');
    const initial = optionalNumber(call, 'initial');
    const start = x.dtype === 'float32' ? initial : initial === undefined ? undefined : Math.trunc(initial);
    const found = build.reduce(fn, x, axes, keepDims);
    const result =
      start === undefined ? found : fn === 'max' ? build.maximum(found, start) : build.minimum(found, start);
    return build.cast(result, x.dtype);
  });
}

/** Mean of the squared distances from the mean. */
export function variance(build: Builder, x: Value, { axes, keepDims }: Over): Value {
  const centered = build.subtract(x, build.mean(x, axes, true));
  return build.mean(build.square(centered), axes, keepDims);
}

function floatReduction(fn: (build: Builder, x: Value, over: Over) => Value): LayerEntry {
  return runs((call) => fn(call.build, floating(call, tensor(call, 0, 'x')), overOf(call)));
}

/** Source: `reduce_logsumexp` of TensorFlow. Infinite numbers are not subtracted. */
function logSumExp(build: Builder, x: Value, { axes, keepDims }: Over): Value {
  const greatest = build.max(x, axes, true);
  const finite = build.where(build.less(build.abs(greatest), Infinity), greatest, 0);
  const result = build.add(build.log(build.sum(build.exp(build.subtract(x, finite)), axes, true)), finite);
  return keepDims ? result : build.squeeze(result, axes ?? x.shape.map((_, axis) => axis));
}

/** Number of entries along axes, as a scalar of type int32. */
export function countOf(build: Builder, lengths: readonly Dimension[]): Value {
  let [known, unknown] = [1, undefined as Value | undefined];
  for (const length of lengths) {
    if (typeof length === 'number') known *= length;
    else
      unknown = unknown === undefined ? build.length(length) : build.multiply(unknown, build.length(length));
  }
  return unknown === undefined ? build.scalar(known, 'int32') : build.multiply(unknown, known);
}

/** Flattens the tensor if there is no axis. */
export function along(
  call: LayerCall,
  x: Value,
  key = 'axis',
  otherwise?: number,
): { x: Value; axis: number } {
  const stated = setting(call, key);
  if (stated === undefined && (otherwise === undefined || key in call.config))
    return { x: call.build.reshape(x, [-1]), axis: 0 };
  return { x, axis: axisOf(integer(call, key, otherwise), x.shape.length) };
}

/** Multiplies rows one after the other. */
function loop(build: Builder, rows: Value) {
  const start = build.full(rows.shape.slice(1), 1, rows.dtype);
  return build.scan([start], [rows], ([state], [entry]) => {
    if (state === undefined || entry === undefined)
      throw new Error('the loop has one state and one sequence');
    const next = build.multiply(state, entry);
    return { states: [next], rows: [next] };
  });
}

/** Products of all entries up to each. ONNX has only sums. */
function cumulativeProduct(build: Builder, x: Value, axis: number): Value {
  const rank = x.shape.length;
  const order = [
    axis,
    ...Array.from({ length: rank }, (_, index) => index).filter((index) => index !== axis),
  ];
  const rows = build.transpose(x, order);
  const [result = rows] = loop(build, rows).rows;
  return build.transpose(
    result,
    order.map((_, index) => order.indexOf(index)),
  );
}

export function cumulative(
  fn: 'sum' | 'product',
  prepare: (build: Builder, x: Value) => Value = (_, x) => x,
): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const dtype = setting(call, 'dtype');
    const { value, type } = typed(call, 0, 'x');
    const given = prepare(build, value);
    const input = dtype === undefined ? given : castTo(build, given, dtype);
    const { x, axis } = along(call, input.dtype === 'bool' ? build.cast(input, 'int32') : input);
    const result = fn === 'sum' ? build.cumulativeSum(x, axis) : cumulativeProduct(build, x, axis);
    return dtype === undefined && type !== 'bool' ? toType(build, result, type) : result;
  });
}

function average(call: LayerCall): Value {
  const { build } = call;
  const axes = axesSetting(call);
  const x = floating(call, tensor(call, 0, 'x'));
  const given = optionalTensor(call, 1, 'weights');
  if (given === undefined) return build.mean(x, axes);
  const weights = floating(call, given);
  const [axis] = axes ?? [];
  if (axis === undefined || weights.shape.length === x.shape.length) {
    return build.divide(build.sum(build.multiply(x, weights), axes), build.sum(weights, axes));
  }
  const at = axisOf(axis, x.shape.length);
  const spread = build.reshape(
    weights,
    x.shape.map((_, index) => (index === at ? (weights.shape[0] ?? 1) : 1)),
  );
  return build.divide(build.sum(build.multiply(x, spread), at), build.sum(weights));
}

export const REDUCTIONS = {
  All: runs((call) => {
    const { axes, keepDims } = overOf(call);
    return call.build.all(tensor(call, 0, 'x'), axes, keepDims);
  }),
  Amax: extreme('max'),
  Amin: extreme('min'),
  Any: runs((call) => {
    const { axes, keepDims } = overOf(call);
    return call.build.any(tensor(call, 0, 'x'), axes, keepDims);
  }),
  Average: runs(average),
  CountNonzero: runs((call) => {
    const { build } = call;
    return build.sum(build.cast(build.cast(tensor(call, 0, 'x'), 'bool'), 'int32'), axesSetting(call));
  }),
  Cumprod: cumulative('product'),
  Cumsum: cumulative('sum'),
  Logsumexp: floatReduction(logSumExp),
  Max: extreme('max'),
  Mean: floatReduction((build, x, { axes, keepDims }) => build.mean(x, axes, keepDims)),
  Min: extreme('min'),
  Prod: summed('product'),
  Ptp: runs((call) => {
    const { axes, keepDims } = overOf(call);
    const { value, type } = typed(call, 0, 'x');
    const { build } = call;
    return toType(
      build,
      build.subtract(build.max(value, axes, keepDims), build.min(value, axes, keepDims)),
      type,
    );
  }),
  Std: floatReduction((build, x, over) => build.sqrt(variance(build, x, over))),
  Sum: summed('sum'),
  Var: floatReduction(variance),
};
