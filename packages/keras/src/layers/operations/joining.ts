import { isList } from '../../config/json.js';
import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError, knownLength } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs } from '../layer.js';
import { integer } from '../settings.js';
import { setting, tensor, typed, typedList } from './arguments.js';
import { resultType, toType } from './types.js';

/** The tensors of a list, in the type that can hold all of them. */
function together(call: LayerCall, at: number, name: string): Value[] {
  const list = typedList(call, at, name);
  const type = resultType(...list.map((one) => one.type));
  return list.map((one) => toType(call.build, one.value, type));
}

/** Adds dimensions of length 1 until there are as many as `rank`, at the stated places. */
function atLeast(build: Builder, x: Value, rank: number): Value {
  if (x.shape.length >= rank) return x;
  if (rank === 3) {
    if (x.shape.length === 0) return build.expandDims(x, [0, 1, 2]);
    return x.shape.length === 1 ? build.expandDims(x, [0, 2]) : build.expandDims(x, 2);
  }
  return build.expandDims(x, 0);
}

function append(call: LayerCall): Value {
  const { build } = call;
  const [a, b] = [typed(call, 0, 'x1'), typed(call, 1, 'x2')];
  const type = resultType(a.type, b.type);
  const [x, y] = [toType(build, a.value, type), toType(build, b.value, type)];
  if (setting(call, 'axis') === undefined)
    return build.concat([build.reshape(x, [-1]), build.reshape(y, [-1])], 0);
  return build.concat([x, y], integer(call, 'axis'));
}

function stack(call: LayerCall): Value {
  const { build } = call;
  const list = together(call, 0, 'x');
  const rank = (list[0]?.shape.length ?? 0) + 1;
  const axis = axisOf(integer(call, 'axis', 0), rank);
  return build.concat(
    list.map((one) => build.expandDims(one, axis)),
    axis,
  );
}

/** Parts of an axis: so many of equal length, or cut at positions. */
function splitAt(build: Builder, x: Value, where: unknown, axis: number): Value[] {
  const at = axisOf(axis, x.shape.length);
  if (typeof where === 'number') {
    const length = knownLength(x.shape, at, 'the divided dimension');
    if (length % where !== 0) throw new GraphError(`${length} entries cannot be divided into ${where} parts`);
    return build.split(x, Array<number>(where).fill(length / where), at);
  }
  if (!isList(where)) throw new GraphError('states no parts');
  const cuts = where.map(Number);
  return [...cuts.keys(), cuts.length].map((index) =>
    build.slice(x, [
      { axis: at, start: cuts[index - 1] ?? 0, ...(index < cuts.length ? { end: cuts[index] ?? 0 } : {}) },
    ]),
  );
}

function split(axisFor: (call: LayerCall, x: Value) => number): LayerEntry {
  return runs((call) => {
    const x = tensor(call, 0, 'x');
    return splitAt(call.build, x, setting(call, 'indices_or_sections'), axisFor(call, x));
  });
}

/** Parts whose lengths differ by 1 at most. */
function arraySplit(call: LayerCall): Value[] {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const axis = axisOf(integer(call, 'axis', 0), x.shape.length);
  const parts = integer(call, 'indices_or_sections');
  const length = knownLength(x.shape, axis, 'the divided dimension');
  const longer = length % parts;
  return build.split(
    x,
    Array.from({ length: parts }, (_, index) => Math.floor(length / parts) + (index < longer ? 1 : 0)),
    axis,
  );
}

export function unstacked(build: Builder, x: Value, axis: number): Value[] {
  const at = axisOf(axis, x.shape.length);
  const length = knownLength(x.shape, at, 'the divided dimension');
  return Array.from({ length }, (_, index) => build.at(x, at, index));
}

export const JOINING = {
  Append: runs(append),
  ArraySplit: runs(arraySplit),
  Concatenate: runs((call) => call.build.concat(together(call, 0, 'xs'), integer(call, 'axis', 0))),
  Dsplit: split(() => 2),
  Dstack: runs((call) =>
    call.build.concat(
      together(call, 0, 'xs').map((x) => atLeast(call.build, x, 3)),
      2,
    ),
  ),
  Hsplit: split((_, x) => (x.shape.length === 1 ? 0 : 1)),
  Hstack: runs((call) => {
    const list = together(call, 0, 'xs');
    return call.build.concat(list, list[0]?.shape.length === 1 ? 0 : 1);
  }),
  Split: split((call) => integer(call, 'axis', 0)),
  Stack: runs(stack),
  Unstack: runs((call) => unstacked(call.build, tensor(call, 0, 'x'), integer(call, 'axis', 0))),
  Vsplit: split(() => 0),
  Vstack: runs((call) => call.build.concat(together(call, 0, 'xs'), 0)),
};
