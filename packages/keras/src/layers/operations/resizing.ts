import type { Builder } from '../../graph/builder.js';
import { axisOf, knownLength } from '../../graph/shapes.js';
import type { Dimension, Value } from '../../graph/value.js';
import { channelsLast, restored } from '../data-format.js';
import { type LayerCall, type Lowered, UnsupportedError } from '../layer.js';
import { channelsFirst, choice, flag, integers, number } from '../settings.js';
import { floating, plain, typed } from './arguments.js';
import { saturateTo } from './elementwise.js';
import { contracted } from './products.js';
import { areas, cubicTable, type Interpolation, KERNELS, linear, spans } from './resize-weights.js';
import { moveAxes } from './shapes.js';
import { toType } from './types.js';

/** Along one axis: `weights` tells how much of each entry goes into each entry of the result. */
function weighted(build: Builder, x: Value, axis: number, weights: readonly (readonly number[])[]): Value {
  const [rows, columns] = [weights.length, weights[0]?.length ?? 0];
  const matrix = build.constant(weights.flat(), [rows, columns]);
  return moveAxes(build, contracted(build, x, matrix, [axis], [0]), [-1], [axis]);
}

/** Limits of 0 to 1 are not set by TensorFlow: the numbers may overshoot. */
export function resize(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'images');
  const first = channelsFirst(call);
  const single = value.shape.length === 3;
  let x = channelsLast(build, single ? build.expandDims(value, 0) : value, first);
  const [rows = 1, columns = 1] = integers(call, 'size', 2);
  const interpolation = choice(
    call,
    'interpolation',
    ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5', 'area'],
    'bilinear',
  );
  choice(call, 'fill_mode', ['constant'], 'constant');
  if (flag(call, 'crop_to_aspect_ratio', false)) x = cropped(build, x, rows, columns);
  else if (flag(call, 'pad_to_aspect_ratio', false))
    x = padded(build, x, rows, columns, number(call, 'fill_value', 0));
  const y = resized(build, x, [rows, columns], interpolation, flag(call, 'antialias', false));
  const back = restored(build, y, first);
  const result = single ? build.squeeze(back, 0) : back;
  if (type.includes('float') || interpolation === 'nearest') return toType(build, result, type);
  return saturateTo(build, build.unary('round', result), 'float32', type);
}

export function sizeOf(x: Value): [rows: number, columns: number] {
  return [knownLength(x.shape, 1, 'the image'), knownLength(x.shape, 2, 'the image')];
}

function cropped(build: Builder, x: Value, rows: number, columns: number): Value {
  const [height, width] = sizeOf(x);
  const tall = Math.max(Math.min(height, Math.trunc(Math.fround((width * rows) / columns))), 1);
  const wide = Math.max(Math.min(width, Math.trunc(Math.fround((height * columns) / rows))), 1);
  const [top, left] = [Math.trunc((height - tall) / 2), Math.trunc((width - wide) / 2)];
  return build.slice(x, [
    { axis: 1, start: top, end: top + tall },
    { axis: 2, start: left, end: left + wide },
  ]);
}

function padded(build: Builder, x: Value, rows: number, columns: number, value: number): Value {
  const [height, width] = sizeOf(x);
  const tall = Math.max(height, Math.trunc(Math.fround((width * rows) / columns)));
  const wide = Math.max(width, Math.trunc(Math.fround((height * columns) / rows)));
  const [top, left] = [Math.trunc((tall - height) / 2), Math.trunc((wide - width) / 2)];
  return build.pad(
    x,
    [
      [0, 0],
      [top, top],
      [left, left],
      [0, 0],
    ],
    'constant',
    value,
  );
}

/** `tf.image.resize` of a batch of images. */
export function resized(
  build: Builder,
  x: Value,
  size: readonly [number, number],
  interpolation: Interpolation,
  antialias: boolean,
): Value {
  const input = interpolation === 'nearest' ? x : build.cast(x, 'float32');
  return size.reduce((value, to, index) => {
    const axis = index + 1;
    const from = x.shape[axis] ?? 1;
    if (from === to && interpolation !== 'area') return value;
    if (interpolation === 'nearest') return nearestAlong(build, value, axis, from, to);
    if (typeof from !== 'number') {
      if (interpolation === 'bilinear' && !antialias) return linearAlong(build, value, axis, from, to);
      throw new UnsupportedError(
        `its interpolation ${interpolation}${antialias ? ' with antialiasing' : ''} needs an image of known size`,
      );
    }
    return weighted(build, value, axis, weightsFor(from, to, interpolation, antialias));
  }, input);
}

function weightsFor(
  from: number,
  to: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
  antialias: boolean,
): number[][] {
  if (interpolation === 'area') return areas(from, to);
  if (antialias || interpolation === 'lanczos3' || interpolation === 'lanczos5')
    return spans(from, to, KERNELS[interpolation], antialias);
  return interpolation === 'bilinear' ? linear(from, to) : cubicTable(from, to);
}

function nearestAlong(build: Builder, x: Value, axis: number, from: Dimension, to: number): Value {
  if (typeof from === 'number') {
    const scale = Math.fround(from / to);
    const places = Array.from({ length: to }, (_, at) =>
      Math.min(Math.floor(Math.fround(Math.fround(at + 0.5) * scale)), from - 1),
    );
    return build.gather(x, build.constant(places, [to], 'int32'), axis);
  }
  const { centers, last } = placesOf(build, from, to);
  return build.gather(x, build.cast(build.minimum(build.unary('floor', centers), last), 'int32'), axis);
}

/** Where the middle of each entry of the result lies in an axis of unknown length, and the last position there. */
function placesOf(build: Builder, from: Dimension, to: number): { centers: Value; last: Value } {
  const length = build.cast(build.length(from), 'float32');
  const middles = build.constant(
    Array.from({ length: to }, (_, at) => at + 0.5),
    [to],
  );
  return { centers: build.multiply(middles, build.divide(length, to)), last: build.subtract(length, 1) };
}

function linearAlong(build: Builder, x: Value, axis: number, from: Dimension, to: number): Value {
  const { centers, last } = placesOf(build, from, to);
  const places = build.subtract(centers, 0.5);
  const lower = build.unary('floor', places);
  const take = (at: Value) =>
    build.gather(x, build.cast(build.minimum(build.maximum(at, 0), last), 'int32'), axis);
  const fraction = build.reshape(
    build.subtract(places, lower),
    x.shape.map((_, index) => (index === axis ? to : 1)),
  );
  const [low, high] = [take(lower), take(build.add(lower, 1))];
  return build.add(low, build.multiply(build.subtract(high, low), fraction));
}

/** Source: `_scale_and_translate` of `keras/src/backend/tensorflow/image.py`. */
export function scaleAndTranslate(call: LayerCall): Lowered {
  const { build } = call;
  const { value, type } = typed(call, 0, 'images');
  const [shape, scale, translation] = ['output_shape', 'scale', 'translation'].map((name, at) => {
    const stated = plain(call, at + 1, name);
    if (!Array.isArray(stated)) throw new UnsupportedError(`its ${name} is not known before the model runs`);
    return stated.map(Number);
  });
  const method = choice(call, 'method', [
    'linear',
    'bilinear',
    'trilinear',
    'triangle',
    'cubic',
    'bicubic',
    'tricubic',
    'lanczos3',
    'lanczos5',
  ]);
  const name = /^(linear|bilinear|trilinear|triangle)$/u.test(method)
    ? 'bilinear'
    : method === 'lanczos3' || method === 'lanczos5'
      ? method
      : 'bicubic';
  const antialias = flag(call, 'antialias', true);
  let x = floating(call, value);
  for (const [index, dimension] of integers(call, 'spatial_dims').entries()) {
    const axis = axisOf(dimension, value.shape.length);
    const from = knownLength(value.shape, axis, 'the image');
    const to = shape?.[axis] ?? 1;
    const inverse = 1 / (scale?.[index] ?? 1);
    const width = antialias ? Math.max(inverse, 1) : 1;
    const columns = Array.from({ length: to }, (_, column) => {
      const sample = (column + 0.5) * inverse - (translation?.[index] ?? 0) * inverse - 0.5;
      const list = Array.from({ length: from }, (_, row) => KERNELS[name].fn((sample - row) / width));
      const total = list.reduce((a, b) => a + b, 0);
      const valid = Math.abs(total) > 1000 * 2 ** -23 && sample >= -0.5 && sample <= from - 0.5;
      return list.map((weight) => (valid ? weight / total : 0));
    });
    x = weighted(
      build,
      x,
      axis,
      Array.from({ length: from }, (_, row) => columns.map((list) => list[row] ?? 0)),
    );
  }
  if (type.includes('float')) return x;
  const [least, greatest] = [build.min(floating(call, value)), build.max(floating(call, value))];
  return toType(build, build.minimum(build.maximum(build.unary('round', x), least), greatest), type);
}
