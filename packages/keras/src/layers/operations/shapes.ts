import { isList } from '../../config/json.js';
import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError, knownLength } from '../../graph/shapes.js';
import type { Dimension, Value } from '../../graph/value.js';
import { type LayerCall, runs, UnsupportedError } from '../layer.js';
import { choice, integer, integers } from '../settings.js';
import { axesSetting, plain, setting, tensor, typed } from './arguments.js';
import { countOf } from './reductions.js';
import { toType } from './types.js';

function permuted(build: Builder, x: Value, pairs: readonly (readonly [from: number, to: number])[]): Value {
  const order = [...x.shape.keys()].filter((axis) => !pairs.some(([from]) => from === axis));
  for (const [from, to] of [...pairs].sort((a, b) => a[1] - b[1])) order.splice(to, 0, from);
  return build.transpose(x, order);
}

export function moveAxes(build: Builder, x: Value, from: readonly number[], to: readonly number[]): Value {
  const rank = x.shape.length;
  return permuted(
    build,
    x,
    from.map((axis, index) => [axisOf(axis, rank), axisOf(to[index] ?? 0, rank)] as const),
  );
}

function transpose(call: LayerCall): Value {
  const x = tensor(call, 0, 'x');
  const rank = x.shape.length;
  const axes = axesSetting(call, 'axes');
  const order =
    axes === undefined || axes.length === 0
      ? [...x.shape.keys()].reverse()
      : axes.map((axis) => axisOf(axis, rank));
  return call.build.transpose(x, order);
}

function swapAxes(call: LayerCall): Value {
  const x = tensor(call, 0, 'x');
  const [a, b] = [
    axisOf(integer(call, 'axis1'), x.shape.length),
    axisOf(integer(call, 'axis2'), x.shape.length),
  ];
  const order = [...x.shape.keys()].with(a, b).with(b, a);
  return call.build.transpose(x, order);
}

/** A target shape in which `null` stands for the length that is only known when the model runs. */
function targetShape(stated: unknown): Dimension[] {
  const list = isList(stated) ? stated : [stated];
  return list.map((length) => {
    if (length === null || length === undefined) return -1;
    if (typeof length === 'number' && Number.isInteger(length)) return length;
    throw new UnsupportedError(`its shape ${JSON.stringify(stated)} is not known`);
  });
}

function flip(call: LayerCall): Value {
  const x = tensor(call, 0, 'x');
  return call.build.flip(x, axesSetting(call) ?? [...x.shape.keys()]);
}

/** Shifts entries along an axis; those that leave at the end come back at the start. */
function rolled(build: Builder, x: Value, shift: number, axis: number): Value {
  const length = x.shape[axis] ?? 1;
  if (typeof length === 'number') {
    const by = length === 0 ? 0 : ((shift % length) + length) % length;
    if (by === 0) return x;
    const [end, start] = [
      build.slice(x, [{ axis, start: length - by }]),
      build.slice(x, [{ axis, end: length - by }]),
    ];
    return build.concat([end, start], axis);
  }
  const from = build.binary('floorMod', build.subtract(build.range(length), shift), build.length(length));
  return build.expand(build.gather(x, from, axis), x.shape);
}

function roll(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const axes = axesSetting(call);
  const shifts = integers(call, 'shift', axes?.length);
  if (axes === undefined)
    return build.reshape(rolled(build, build.reshape(x, [-1]), shifts[0] ?? 0, 0), x.shape);
  return axes.reduce(
    (value, axis, index) => rolled(build, value, shifts[index] ?? 0, axisOf(axis, x.shape.length)),
    x,
  );
}

/**
 * Source: `rot90` of `keras/src/backend/tensorflow/numpy.py`. Its reshaping in between is kept, because it matters for
 * half a turn of an image that is not square.
 */
function rotate(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'array');
  const rank = x.shape.length;
  const turns = ((integer(call, 'k', 1) % 4) + 4) % 4;
  if (turns === 0) return x;
  const plane = (axesSetting(call, 'axes') ?? [0, 1]).map((axis) => axisOf(axis, rank));
  const order = [...[...x.shape.keys()].filter((axis) => !plane.includes(axis)), ...plane];
  let y = build.transpose(x, order);
  const [height = 1, width = 1] = y.shape.slice(-2);
  const others = y.shape.slice(0, -2);
  const turn = (value: Value) => {
    const last = value.shape.length - 1;
    return build.transpose(build.flip(value, last), [
      ...[...value.shape.keys()].slice(0, -2),
      last,
      last - 1,
    ]);
  };
  y = turn(y);
  const final = turns % 2 === 1 ? [width, height] : [height, width];
  if (turns > 1) {
    y = build.reshape(y, [...others, ...final]);
    for (let count = 1; count < turns; count++) y = turn(y);
  }
  y = build.reshape(y, [...others, ...final]);
  return build.transpose(
    y,
    order.map((_, index) => order.indexOf(index)),
  );
}

function tile(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const repeats = integers(call, 'repeats');
  const rank = Math.max(repeats.length, x.shape.length);
  const wide = build.expandDims(
    x,
    Array.from({ length: rank - x.shape.length }, (_, axis) => axis),
  );
  return build.tile(wide, [...Array<number>(rank - repeats.length).fill(1), ...repeats]);
}

function repeat(call: LayerCall): Value {
  const { build } = call;
  const input = tensor(call, 0, 'x');
  const axis = setting(call, 'axis');
  const x = axis === undefined ? build.reshape(input, [-1]) : input;
  const at = axis === undefined ? 0 : axisOf(integer(call, 'axis'), x.shape.length);
  const counts = integers(call, 'repeats');
  const [only] = counts;
  if (counts.length === 1 && only !== undefined) return build.repeat(x, only, at);
  if (counts.length !== knownLength(x.shape, at, 'the repeated dimension'))
    throw new GraphError('has another number of repeats');
  const from = counts.flatMap((count, index) => Array<number>(count).fill(index));
  return build.gather(x, build.constant(from, [from.length], 'int32'), at);
}

/** Entries along an axis, mirrored at the border, with the entry at the border twice. */
function symmetric(
  build: Builder,
  x: Value,
  axis: number,
  [before, after]: readonly [number, number],
): Value {
  const parts = [
    ...(before > 0 ? [build.flip(build.slice(x, [{ axis, end: before }]), axis)] : []),
    x,
    ...(after > 0 ? [build.flip(build.slice(x, [{ axis, start: -after }]), axis)] : []),
  ];
  return build.concat(parts, axis);
}

function padWidths(call: LayerCall, rank: number): [number, number][] {
  const stated = setting(call, 'pad_width');
  const list: unknown[] = isList(stated) ? (isList(stated[0]) ? [...stated] : [stated]) : [[stated]];
  const pairs = list.map((entry) => {
    const pair = { config: { pad_width: entry } };
    const numbers = integers(pair, 'pad_width');
    return [numbers[0] ?? 0, numbers[1] ?? numbers[0] ?? 0] as [number, number];
  });
  const [only = [0, 0]] = pairs;
  return pairs.length === 1 ? Array.from({ length: rank }, () => only) : pairs;
}

function pad(call: LayerCall): Value {
  const { build } = call;
  const { value: x, type } = typed(call, 0, 'x');
  const widths = padWidths(call, x.shape.length);
  const mode = choice(
    call,
    'mode',
    ['constant', 'reflect', 'symmetric', 'CONSTANT', 'REFLECT', 'SYMMETRIC'],
    'constant',
  ).toLowerCase();
  if (mode === 'symmetric')
    return widths.reduce((value, width, axis) => symmetric(build, value, axis, width), x);
  if (mode === 'reflect') return build.pad(x, widths, 'reflect');
  const filling = plain(call, 1, 'constant_values') ?? 0;
  if (typeof filling !== 'number') throw new UnsupportedError('its constant_values are not one number');
  return toType(
    build,
    build.pad(x, widths, 'constant', type.includes('float') ? filling : Math.trunc(filling)),
    type,
  );
}

function squeeze(call: LayerCall): Value {
  return call.build.squeeze(tensor(call, 0, 'x'), axesSetting(call));
}

function meshgrid(call: LayerCall): Value[] {
  const { build } = call;
  const inputs = call.args.map((_, at) => build.reshape(tensor(call, at, ''), [-1]));
  const swapped = choice(call, 'indexing', ['xy', 'ij'], 'xy') === 'xy' && inputs.length > 1;
  const place = (index: number) => (swapped && index < 2 ? 1 - index : index);
  const shape = inputs.map((_, axis) => inputs[place(axis)]?.shape[0] ?? 1);
  return inputs.map((input, index) => {
    const own = shape.map((length, axis) => (axis === place(index) ? length : 1));
    return build.expand(build.reshape(input, own), shape);
  });
}

function moveAxis(call: LayerCall): Value {
  return moveAxes(
    call.build,
    tensor(call, 0, 'x'),
    axesSetting(call, 'source') ?? [],
    axesSetting(call, 'destination') ?? [],
  );
}

/** Source: `unravel_index` of `keras/src/backend/tensorflow/numpy.py`. */
function unravelIndex(call: LayerCall): Value[] {
  const { build } = call;
  const { value, type } = typed(call, 0, 'indices');
  const shape = integers(call, 'shape');
  let rest = value;
  const coordinates: Value[] = [];
  for (const length of value.shape.length === 1 ? shape.toReversed() : shape) {
    const part = build.binary('floorMod', rest, length);
    coordinates.push(toType(build, part, type));
    rest = build.binary('quotient', build.subtract(rest, part), length);
  }
  return coordinates.reverse();
}

/** `b h (w c) -> …`, as in einops. Source: `keras/src/ops/einops.py`. */
function rearrange(call: LayerCall): Value {
  const { build } = call;
  const x = tensor(call, 0, 'tensor');
  const pattern = plain(call, 1, 'pattern');
  const [from, to] = typeof pattern === 'string' ? pattern.split('->') : [];
  if (from === undefined || to === undefined) throw new GraphError('has no pattern with an arrow');
  const groups = (side: string) =>
    [...side.matchAll(/\w+|\((.*?)\)/gu)].map(([whole, inner]) => (inner ?? whole).trim().split(/\s+/u));
  const lengths = new Map<string, Dimension>();
  const sizes = groups(from).flatMap((group, axis) => {
    const whole = x.shape[axis] ?? 1;
    const known = group.map((name) => (group.length === 1 ? whole : plain(call, -1, name)));
    const product = known.reduce<number>(
      (total, length) => total * (typeof length === 'number' ? length : 1),
      1,
    );
    return group.map((name, index) => {
      const stated = known[index];
      if (typeof stated !== 'number' && typeof whole !== 'number' && group.length > 1) {
        throw new UnsupportedError('it divides a length that is only known when the model runs');
      }
      const length: Dimension =
        group.length === 1 ? whole : typeof stated === 'number' ? stated : Number(whole) / product;
      lengths.set(name, length);
      return length;
    });
  });
  const names = groups(from).flat();
  const order = groups(to)
    .flat()
    .map((name) => names.indexOf(name));
  const moved = build.transpose(build.reshape(x, sizes), order);
  const target = groups(to).map((group) => {
    const parts = group.map((name) => lengths.get(name) ?? 1);
    const [first = 1] = parts;
    if (parts.length === 1) return first;
    return parts.reduce((total, part) =>
      typeof total === 'number' && typeof part === 'number' && total >= 0 ? total * part : -1,
    );
  });
  return build.reshape(moved, target);
}

export const SHAPES = {
  BroadcastTo: runs((call) => {
    const x = tensor(call, 0, 'x');
    const missing = [setting(call, 'shape')].flat().length - x.shape.length;
    const shape = targetShape(setting(call, 'shape')).map((length, axis) =>
      length === -1 ? (x.shape[axis - missing] ?? 1) : length,
    );
    return call.build.expand(x, shape);
  }),
  ExpandDims: runs((call) => call.build.expandDims(tensor(call, 0, 'x'), axesSetting(call) ?? [])),
  Flip: runs(flip),
  Fliplr: runs((call) => call.build.flip(tensor(call, 0, 'x'), 1)),
  Flipud: runs((call) => call.build.flip(tensor(call, 0, 'x'), 0)),
  Meshgrid: runs(meshgrid),
  Moveaxis: runs(moveAxis),
  Ndim: runs((call) => call.build.scalar(tensor(call, 0, 'x').shape.length, 'int32')),
  Pad: runs(pad),
  Ravel: runs((call) => call.build.reshape(tensor(call, 0, 'x'), [-1])),
  Rearrange: runs(rearrange),
  Repeat: runs(repeat),
  Reshape: runs((call) => call.build.reshape(tensor(call, 0, 'x'), targetShape(setting(call, 'newshape')))),
  Roll: runs(roll),
  Rot90: runs(rotate),
  Size: runs((call) => countOf(call.build, tensor(call, 0, 'x').shape)),
  Squeeze: runs(squeeze),
  Swapaxes: runs(swapAxes),
  Tile: runs(tile),
  Transpose: runs(transpose),
  UnravelIndex: runs(unravelIndex),
};
