import { isList, isObject } from '../../config/json.js';
import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type CallArgument, type LayerCall, runs, UnsupportedError } from '../layer.js';
import { integer, integers } from '../settings.js';
import { argument, setting, tensor, typed } from './arguments.js';
import { toType } from './types.js';

/** One entry of a key in brackets. */
export type KeyEntry =
  | { kind: 'index'; at: number | Value }
  | { kind: 'slice'; start: number | undefined; end: number | undefined; step: number }
  | { kind: 'ellipsis' }
  | { kind: 'newAxis' };

/** Takes a part of a tensor, as `x[1:, ..., None, -1]`. */
export function taken(build: Builder, x: Value, key: readonly KeyEntry[]): Value {
  const used = key.filter((entry) => entry.kind === 'index' || entry.kind === 'slice').length;
  const free = x.shape.length - used;
  if (free < 0) throw new GraphError(`takes ${used} positions of ${x.shape.length} dimensions`);
  const entries = key.some((entry) => entry.kind === 'ellipsis')
    ? key
    : [...key, { kind: 'ellipsis' } as const];
  const ranges: Parameters<Builder['slice']>[1][number][] = [];
  const gone: { axis: number; at: number | Value }[] = [];
  const added: number[] = [];
  let [from, to] = [0, 0];
  for (const entry of entries) {
    switch (entry.kind) {
      case 'ellipsis':
        from += free;
        to += free;
        break;
      case 'newAxis':
        added.push(to++);
        break;
      case 'slice':
        ranges.push({
          axis: from++,
          step: entry.step,
          ...(entry.start === undefined ? {} : { start: entry.start }),
          ...(entry.end === undefined ? {} : { end: entry.end }),
        });
        to++;
        break;
      case 'index':
        gone.push({ axis: from++, at: entry.at });
        break;
    }
  }
  let y = build.slice(x, ranges);
  for (const { axis, at } of gone.reverse()) {
    if (typeof at === 'number') {
      const length = y.shape[axis];
      if (typeof length === 'number' && (at >= length || at < -length))
        throw new GraphError(`takes position ${at} of ${length}`);
      y = build.at(y, axis, at);
    } else if (at.shape.length === 0) y = build.gather(y, at, axis);
    else
      throw new UnsupportedError(
        'it takes several positions by a tensor, which TensorFlow does not do either',
      );
  }
  return added.length === 0 ? y : build.expandDims(y, added);
}

function keyEntry(given: CallArgument): KeyEntry {
  if (given.kind === 'tensor') return { kind: 'index', at: given.tensor.value };
  if (given.kind === 'list') throw new UnsupportedError('its key holds a list with tensors');
  const { value } = given;
  if (value === null || value === undefined) return { kind: 'newAxis' };
  if (typeof value === 'number') return { kind: 'index', at: value };
  if (isObject(value)) {
    if (value['class_name'] === '__ellipsis__') return { kind: 'ellipsis' };
    const { config } = value;
    if (value['class_name'] === '__slice__' && isObject(config)) {
      const bound = (name: string) => {
        const at = config[name] ?? undefined;
        if (at === undefined || typeof at === 'number') return at;
        throw new UnsupportedError(`its slice has the ${name} ${JSON.stringify(at)}`);
      };
      return { kind: 'slice', start: bound('start'), end: bound('stop'), step: bound('step') ?? 1 };
    }
  }
  throw new UnsupportedError(`its key holds ${JSON.stringify(value)}`);
}

function getItem(call: LayerCall): Value {
  const key = call.kwargs['key'] ?? call.args[1];
  if (key === undefined) throw new GraphError('has no key');
  const items: CallArgument[] =
    key.kind === 'list'
      ? [...key.items]
      : key.kind === 'value' && isList(key.value)
        ? key.value.map((value) => ({ kind: 'value', value }))
        : [key];
  return taken(call.build, tensor(call, 0, 'x'), items.map(keyEntry));
}

function take(call: LayerCall): Value {
  const { build } = call;
  const input = tensor(call, 0, 'x');
  const indices = tensor(call, 1, 'indices');
  if (setting(call, 'axis') === undefined) return build.gather(build.reshape(input, [-1]), indices, 0);
  return build.gather(input, indices, integer(call, 'axis'));
}

function takeAlongAxis(call: LayerCall): Value {
  const { build } = call;
  const input = tensor(call, 0, 'x');
  const which = build.cast(tensor(call, 1, 'indices'), 'int32');
  if (setting(call, 'axis') === undefined) return build.gather(build.reshape(input, [-1]), which, 0);
  const axis = axisOf(integer(call, 'axis'), input.shape.length);
  // All dimensions but that of the axis are broadcast.
  const [x, y] = [input, which].map((value) => build.full(value.shape.with(axis, 1), 0));
  if (x === undefined || y === undefined) throw new GraphError('needs indices');
  const common = build.add(x, y).shape;
  const spread = (value: Value) => build.expand(value, common.with(axis, value.shape[axis] ?? 1));
  return build.gatherElements(spread(input), spread(which), axis);
}

/** Part of a tensor from a position on. The position may be a tensor. */
function slice(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'inputs');
  const shape = integers(call, 'shape');
  const starts = startsOf(call, 1, x.shape.length);
  return shape.reduce((value, length, axis) => {
    const start = starts[axis] ?? 0;
    if (typeof start === 'number')
      return build.slice(value, [{ axis, start, ...(length === -1 ? {} : { end: start + length }) }]);
    if (length === -1)
      throw new UnsupportedError('it takes the rest from a position that is only known when the model runs');
    return build.gather(value, build.add(build.range(length), start), axis);
  }, x);
}

/** The positions along each axis: numbers, or scalars that are only known when the model runs. */
function startsOf(call: LayerCall, at: number, rank: number): (number | Value)[] {
  const given = argument(call, at, 'start_indices');
  const { build } = call;
  if (
    given?.kind === 'value' &&
    isList(given.value) &&
    given.value.every((entry) => typeof entry === 'number')
  ) {
    return given.value.map(Number);
  }
  if (given?.kind === 'list') {
    return given.items.map((item) => {
      if (item.kind === 'value' && typeof item.value === 'number') return item.value;
      if (item.kind === 'tensor') return build.reshape(build.cast(item.tensor.value, 'int32'), []);
      throw new UnsupportedError('its start_indices cannot be read');
    });
  }
  const starts = build.cast(tensor(call, at, 'start_indices'), 'int32');
  return Array.from({ length: rank }, (_, axis) => build.at(starts, 0, axis));
}

/** The tensor with one part replaced. Positions are limited so that the part fits, as in XLA. */
function sliceUpdate(call: LayerCall): Value {
  const { build } = call;
  const { value: x, type } = typed(call, 0, 'inputs');
  const updates = toType(build, typed(call, 2, 'updates').value, type);
  const starts = startsOf(call, 1, x.shape.length);
  let [part, inside] = [updates, undefined as Value | undefined];
  for (const [axis, length] of x.shape.entries()) {
    const width = part.shape[axis] ?? 1;
    const start = starts[axis] ?? 0;
    if (start === 0 && sameAs(width, length)) continue;
    const total = build.length(length);
    const last = build.subtract(total, build.length(width));
    const from = build.minimum(build.maximum(start, build.scalar(0, 'int32')), last);
    const place = build.subtract(build.range(length), from);
    const fits = build.and(build.compare('greaterOrEqual', place, 0), build.less(place, build.length(width)));
    const rank = x.shape.length;
    part = build.gather(part, build.where(fits, place, 0), axis);
    const spread = build.reshape(
      fits,
      Array.from({ length: rank }, (_, index) => (index === axis ? length : 1)),
    );
    inside = inside === undefined ? spread : build.and(inside, spread);
  }
  if (inside === undefined) return part;
  return build.where(inside, part, x);
}

function sameAs(a: Value['shape'][number], b: Value['shape'][number]): boolean {
  return typeof a === 'number' || typeof b === 'number' ? a === b : a.of === b.of && a.axis === b.axis;
}

export const INDEXING = {
  GetItem: runs(getItem),
  Slice: runs(slice),
  SliceUpdate: runs(sliceUpdate),
  Take: runs(take),
  TakeAlongAxis: runs(takeAlongAxis),
};
