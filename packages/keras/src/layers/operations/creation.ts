import type { Builder } from '../../graph/builder.js';
import { axisOf } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, type Lowered, runs, UnsupportedError } from '../layer.js';
import { flag, integer, number } from '../settings.js';
import { operand, plain, setting, typed, valueOf } from './arguments.js';
import { castTo, type KerasType, resultType } from './types.js';

/** A tensor of one number, of the shape of another. */
function like(fill: number): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const { value, type } = typed(call, 0, 'x');
    const dtype = setting(call, 'dtype');
    return castTo(build, build.full(value.shape, fill, 'int32'), dtype ?? type);
  });
}

function fullLike(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'x');
  const dtype = setting(call, 'dtype');
  const filling = operand(call, 1, 'fill_value');
  const as = filling.kind === 'tensor' ? filling.value : valueOf(call, filling, filling.type);
  return build.expand(castTo(build, as, dtype ?? type), value.shape);
}

function full(call: LayerCall): Lowered {
  const { build } = call;
  const shape = setting(call, 'shape');
  const lengths = [shape].flat().map(Number);
  const filling = operand(call, 0, 'fill_value');
  const as = filling.kind === 'tensor' ? filling.value : valueOf(call, filling, filling.type);
  return build.expand(castTo(build, as, setting(call, 'dtype') ?? 'float32'), lengths);
}

/** Numbers at equal distances, along a new axis. Source: `linspace` of `keras/src/backend/tensorflow/numpy.py`. */
function line(call: LayerCall, start: Value, stop: Value): { line: Value; step: Value } {
  const { build } = call;
  const points = integer(call, 'num', 50);
  const endpoint = flag(call, 'endpoint', true);
  if (points < 2) throw new UnsupportedError(`it makes ${points} numbers`);
  const step = build.divide(build.subtract(stop, start), endpoint ? points - 1 : points);
  const rank = Math.max(start.shape.length, stop.shape.length) + 1;
  const axis = axisOf(integer(call, 'axis', 0), rank);
  const index = build.reshape(
    build.cast(build.range(points), 'float32'),
    Array.from({ length: rank }, (_, at) => (at === axis ? points : 1)),
  );
  const wide = (value: Value) => build.expandDims(build.add(value, build.multiply(step, 0)), axis);
  const rising = build.add(wide(start), build.multiply(index, wide(step)));
  if (!endpoint) return { line: rising, step };
  // The last number is the limit itself, without rounding.
  return { line: build.concat([build.slice(rising, [{ axis, end: -1 }]), wide(stop)], axis), step };
}

function typeOfLine(call: LayerCall, ...given: { type: KerasType }[]): unknown {
  return setting(call, 'dtype') ?? resultType(...given.map(({ type }) => type), 'float');
}

function whole(build: Builder, value: Value, dtype: unknown): Value {
  const integers = typeof dtype === 'string' && dtype.includes('int');
  return castTo(build, integers ? build.unary('floor', value) : value, dtype);
}

function ends(call: LayerCall): { start: Value; stop: Value; dtype: unknown } {
  const [start, stop] = [operand(call, 0, 'start'), operand(call, 1, 'stop')];
  const dtype = typeOfLine(call, start, stop);
  if (typeof dtype === 'string' && dtype.includes('int'))
    throw new UnsupportedError('it makes whole numbers of a line');
  return { start: valueOf(call, start, 'float32'), stop: valueOf(call, stop, 'float32'), dtype };
}

function linspace(call: LayerCall): Lowered {
  const { start, stop, dtype } = ends(call);
  const { line: numbers, step } = line(call, start, stop);
  const result = whole(call.build, numbers, dtype);
  return flag(call, 'retstep', false) ? [result, step] : result;
}

function logspace(call: LayerCall): Lowered {
  const { start, stop } = ends(call);
  return call.build.power(number(call, 'base', 10), line(call, start, stop).line);
}

function geomspace(call: LayerCall): Lowered {
  const { build } = call;
  const { start, stop } = ends(call);
  const logarithm = (x: Value) => build.divide(build.log(build.abs(x)), Math.fround(Math.LN10));
  const numbers = build.power(10, line(call, logarithm(start), logarithm(stop)).line);
  const axis = axisOf(integer(call, 'axis', 0), numbers.shape.length);
  const sign = build.unary('sign', start);
  return build.multiply(
    numbers,
    start.shape.length === 0 || start.shape.length < numbers.shape.length - 1
      ? sign
      : build.expandDims(sign, axis),
  );
}

/** Numbers from constants, as long as they are. */
function arange(call: LayerCall): Lowered {
  const numbers = ['start', 'stop', 'step'].map((name, at) => {
    const value = plain(call, at, name);
    if (value === undefined || typeof value === 'number') return value;
    throw new UnsupportedError(`its ${name} is not a number`);
  });
  const [first = 0, second, step = 1] = numbers;
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  const data = Array.from({ length }, (_, index) => start + index * step);
  const type: KerasType = numbers.every((one) => one === undefined || Number.isInteger(one))
    ? 'int32'
    : 'float32';
  const { build } = call;
  return castTo(build, build.constant(data, [length], 'float32'), setting(call, 'dtype') ?? type);
}

function array(call: LayerCall): Lowered {
  const { value, type } = typed(call, 0, 'x');
  return castTo(call.build, value, setting(call, 'dtype') ?? type);
}

function oneHot(call: LayerCall): Lowered {
  const { build } = call;
  const { value } = typed(call, 0, 'x');
  const hot = build.oneHot(value, integer(call, 'num_classes'), integer(call, 'axis', -1));
  return castTo(build, hot, setting(call, 'dtype') ?? 'float32');
}

function multiHot(call: LayerCall): Lowered {
  const { build } = call;
  const { value } = typed(call, 0, 'inputs');
  const classes = integer(call, 'num_classes', Number(call.config['num_tokens'] ?? undefined));
  const hot = build.oneHot(value, classes, integer(call, 'axis', -1));
  const found = build.max(hot, value.shape.length > 1 ? 1 : 0);
  return castTo(build, found, setting(call, 'dtype') ?? 'float32');
}

export const CREATION = {
  Arange: runs(arange),
  Array: runs(array),
  EmptyLike: like(0),
  Full: runs(full),
  FullLike: runs(fullLike),
  Geomspace: runs(geomspace),
  Linspace: runs(linspace),
  Logspace: runs(logspace),
  MultiHot: runs(multiHot),
  OneHot: runs(oneHot),
  OnesLike: like(1),
  ZerosLike: like(0),
};
