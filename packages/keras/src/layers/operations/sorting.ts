import type { Builder } from '../../graph/builder.js';
import { axisOf } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, type Lowered, runs, UnsupportedError } from '../layer.js';
import { choice, count, integer } from '../settings.js';
import { optionalTensor, tensor } from './arguments.js';
import { signBit } from './elementwise.js';
import { along, overOf } from './reductions.js';

/** Brings an axis to the end, and back. */
function withAxisLast(build: Builder, x: Value, axis: number, work: (last: Value) => Value): Value {
  const at = axisOf(axis, x.shape.length);
  const order = [...x.shape.keys()].filter((index) => index !== at).concat(at);
  const back = order.map((_, index) => order.indexOf(index));
  return build.transpose(work(build.transpose(x, order)), back);
}

/** Entries along the last axis in rising order, and their indices. Equal entries keep their order. */
export function ascending(build: Builder, x: Value): [values: Value, indices: Value] {
  const input = x.dtype === 'bool' ? build.cast(x, 'int32') : x;
  // Negated numbers, because the greatest come first, and the first of equal ones.
  const [negated, indices] = build.topK(build.negative(input), input.shape.at(-1) ?? 1);
  return [build.cast(build.negative(negated), x.dtype), indices];
}

function sort(call: LayerCall): Value {
  const { build } = call;
  const { x, axis } = along(call, tensor(call, 0, 'x'), 'axis', -1);
  return withAxisLast(build, x, axis, (last) => ascending(build, last)[0]);
}

function argsort(call: LayerCall): Value {
  const { build } = call;
  const input = tensor(call, 0, 'x');
  if (input.shape.length === 0) return build.constant([0], [1], 'int32');
  const { x, axis } = along(call, input, 'axis', -1);
  return withAxisLast(build, x, axis, (last) => ascending(build, last)[1]);
}

/** Index of the greatest or least entry. -0 counts as less than 0, as in Keras. */
function argReduce(
  build: Builder,
  fn: 'max' | 'min',
  x: Value,
  axis: number | undefined,
  keepDims: boolean,
): Value {
  const rank = x.shape.length;
  const flat = axis === undefined ? build.reshape(x, [-1]) : x;
  const ordered =
    x.dtype === 'float32'
      ? build.where(build.and(build.equal(flat, 0), signBit(build, flat)), -1.1754943508222875e-38, flat)
      : flat;
  const found = build.argReduce(fn, ordered, axis ?? 0, axis !== undefined && keepDims);
  return axis === undefined && keepDims ? build.reshape(found, Array<number>(rank).fill(1)) : found;
}

function argExtreme(fn: 'max' | 'min', skipNaN = false): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const { axes, keepDims } = overOf(call);
    const x = tensor(call, 0, 'x');
    const [axis] = axes ?? [];
    if (!skipNaN || x.dtype !== 'float32') return argReduce(build, fn, x, axis, keepDims);
    const missing = build.unary('isNaN', x);
    const filled = build.where(missing, fn === 'max' ? -Infinity : Infinity, x);
    return build.where(build.all(missing, axis, keepDims), -1, argReduce(build, fn, filled, axis, keepDims));
  });
}

/** Whether fewer than k predictions are greater than that of the target. */
function inTopK(call: LayerCall): Lowered {
  const { build } = call;
  const [targets, predictions] = [
    build.cast(tensor(call, 0, 'targets'), 'int32'),
    tensor(call, 1, 'predictions'),
  ];
  const classes = predictions.shape[1] ?? 1;
  const one = build.equal(build.expandDims(targets, 1), build.range(classes));
  const own = build.sum(build.where(one, predictions, 0), 1, true);
  const greater = build.sum(build.cast(build.greater(predictions, own), 'int32'), 1);
  const valid = build.and(build.any(one, 1), build.less(build.abs(build.squeeze(own, 1)), Infinity));
  return build.and(build.less(greater, integer(call, 'k')), valid);
}

/** Number of entries of a rising sequence that are less than each value, or not greater. */
function countBelow(build: Builder, values: Value, sequence: Value, side: 'left' | 'right'): Value {
  const wide = build.expandDims(values, values.shape.length);
  const below = build.compare(side === 'left' ? 'greater' : 'greaterOrEqual', wide, sequence);
  return build.sum(build.cast(below, 'int32'), -1);
}

function digitize(call: LayerCall): Lowered {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const bins = optionalTensor(call, 1, 'bins');
  if (bins === undefined) throw new UnsupportedError('it states no bins');
  return countBelow(build, x, build.cast(bins, 'float32'), 'right');
}

function searchSorted(call: LayerCall): Lowered {
  const { build } = call;
  const sequence = tensor(call, 0, 'sorted_sequence');
  const values = tensor(call, 1, 'values');
  const result = countBelow(build, values, sequence, choice(call, 'side', ['left', 'right'], 'left'));
  return typeof sequence.shape[0] === 'number' ? result : build.cast(result, 'int64');
}

export const SORTING = {
  Argmax: argExtreme('max'),
  Argmin: argExtreme('min'),
  Argsort: runs(argsort),
  Digitize: runs(digitize),
  InTopK: runs(inTopK),
  Nanargmax: argExtreme('max', true),
  Nanargmin: argExtreme('min', true),
  SearchSorted: runs(searchSorted),
  Sort: runs(sort),
  TopK: runs((call) => call.build.topK(tensor(call, 0, 'x'), count(call, 'k'))),
};
