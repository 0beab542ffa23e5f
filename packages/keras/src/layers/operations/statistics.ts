import type { Builder } from '../../graph/builder.js';
import { axisOf, GraphError } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { type LayerCall, type LayerEntry, runs, UnsupportedError } from '../layer.js';
import { floating, plain, tensor, typed } from './arguments.js';
import { withoutNaN } from './elementwise.js';
import { cumulative, type Over, overOf, variance, widened } from './reductions.js';
import { ascending } from './sorting.js';

/** Positions in a sorted list of `length` entries between which a quantile lies, and the weight of the lower. */
function positionOf(length: number, q: number): { lower: number; upper: number; weight: number } {
  // The fraction is rounded to float32 first, as the file's number is.
  const exact = (length - 1) * Math.fround(q);
  const above = Math.min(Math.max(Math.ceil(exact), 0), length - 1);
  const lower = Math.max(above - 1, 0);
  const upper = Math.min(lower + 1, length - 1);
  return { lower, upper, weight: upper - exact };
}

/** The axes in one at the end. */
function flattened(
  build: Builder,
  x: Value,
  axes: readonly number[] | undefined,
): { flat: Value; axes: number[] } {
  const rank = x.shape.length;
  const over = (axes ?? [...x.shape.keys()]).map((axis) => axisOf(axis, rank));
  const others = [...x.shape.keys()].filter((axis) => !over.includes(axis));
  const moved = build.transpose(x, [...others, ...over]);
  const flat = build.reshape(moved, [...others.map((axis) => x.shape[axis] ?? 1), -1]);
  return { flat, axes: over };
}

/** Source: `_quantile` of `keras/src/backend/tensorflow/numpy.py`, which interpolates linearly. */
function quantile(build: Builder, x: Value, q: number, { axes, keepDims }: Over): Value {
  const { flat, axes: over } = flattened(build, x, axes);
  const [sorted] = ascending(build, flat);
  const length = sorted.shape.at(-1) ?? 1;
  const last = sorted.shape.length - 1;
  let result: Value;
  if (typeof length === 'number') {
    const { lower, upper, weight } = positionOf(length, q);
    const [low, high] = [build.at(sorted, last, lower), build.at(sorted, last, upper)];
    result = build.add(build.multiply(high, 1 - weight), build.multiply(low, weight));
  } else {
    if (q !== 0 && q !== 0.5 && q !== 1) {
      throw new UnsupportedError(
        'it takes a quantile of a number of entries that is only known when the model runs',
      );
    }
    const exact = build.multiply(build.cast(build.subtract(build.length(length), 1), 'float32'), q);
    const upper = build.unary('ceil', exact);
    const lower = build.maximum(build.subtract(upper, 1), 0);
    const high = build.gather(
      sorted,
      build.minimum(build.add(build.cast(lower, 'int32'), 1), build.subtract(build.length(length), 1)),
      last,
    );
    const low = build.gather(sorted, build.cast(lower, 'int32'), last);
    const next = build.minimum(
      build.add(lower, 1),
      build.cast(build.subtract(build.length(length), 1), 'float32'),
    );
    const weight = build.subtract(next, exact);
    result = build.add(build.multiply(high, build.subtract(1, weight)), build.multiply(low, weight));
  }
  const missing = build.any(build.unary('isNaN', flat), -1);
  const marked = build.where(missing, NaN, result);
  return keepDims ? build.expandDims(marked, over) : marked;
}

/** One quantile, or several along a new first axis. */
function quantiles(scale: number): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const x = floating(call, tensor(call, 0, 'x'));
    const stated = plain(call, 1, 'q');
    const over = overOf(call);
    const one = (q: unknown) => {
      if (typeof q !== 'number') throw new UnsupportedError('its q is no number');
      return quantile(build, x, scale === 1 ? q : Math.fround(Math.fround(q) / scale), over);
    };
    if (!Array.isArray(stated)) return one(stated);
    return build.concat(
      stated.map((q) => build.expandDims(one(q), 0)),
      0,
    );
  });
}

function nan(
  reduce: (call: LayerCall, x: Value, missing: Value, over: Over) => Value,
  otherwise: (build: Builder, x: Value, over: Over) => Value,
): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const { value, type } = typed(call, 0, 'x');
    const over = overOf(call);
    if (value.dtype !== 'float32') return otherwise(build, widened({ value, type }, build), over);
    return reduce(call, value, build.unary('isNaN', value), over);
  });
}

function nanExtreme(fn: 'max' | 'min'): LayerEntry {
  return runs((call) => {
    const { build } = call;
    const x = tensor(call, 0, 'x');
    const { axes, keepDims } = overOf(call);
    if (x.dtype !== 'float32') return build.cast(build.reduce(fn, x, axes, keepDims), x.dtype);
    const missing = build.unary('isNaN', x);
    const found = build.reduce(
      fn,
      build.where(missing, fn === 'max' ? -Infinity : Infinity, x),
      axes,
      keepDims,
    );
    return build.where(build.all(missing, axes, keepDims), NaN, found);
  });
}

function nanMean(build: Builder, x: Value, missing: Value, { axes, keepDims }: Over): Value {
  const count = build.sum(build.cast(build.not(missing), 'float32'), axes, keepDims);
  return build.divide(build.sum(build.where(missing, 0, x), axes, keepDims), count);
}

function nanVariance(build: Builder, x: Value, missing: Value, { axes, keepDims }: Over): Value {
  const centered = build.where(
    missing,
    0,
    build.subtract(x, nanMean(build, x, missing, { axes, keepDims: true })),
  );
  const count = build.sum(build.cast(build.not(missing), 'float32'), axes, keepDims);
  return build.divide(build.sum(build.square(centered), axes, keepDims), count);
}

const toFloat = (build: Builder, x: Value) => build.cast(x, 'float32');

/** Correlation of rows. */
function corrcoef(call: LayerCall): Value {
  const { build } = call;
  const x = floating(call, tensor(call, 0, 'x'));
  const rank = x.shape.length;
  if (rank === 0) return build.scalar(NaN);
  if (rank !== 2) throw new GraphError('needs a matrix');
  const centered = build.subtract(x, build.mean(x, -1, true));
  const products = build.matMul(centered, build.transpose(centered, [1, 0]));
  const deviation = build.sqrt(build.sum(build.square(centered), -1, true));
  const scaled = build.divide(products, build.multiply(deviation, build.transpose(deviation, [1, 0])));
  return build.clip(scaled, -1, 1);
}

const GREATEST = 3.4028234663852886e38;
const limits = { posinf: GREATEST, neginf: -GREATEST };

export const STATISTICS = {
  Corrcoef: runs(corrcoef),
  Median: runs((call) => quantile(call.build, floating(call, tensor(call, 0, 'x')), 0.5, overOf(call))),
  Nancumprod: cumulative('product', (build, x) => withoutNaN(build, x, { nan: 1, ...limits })),
  Nancumsum: cumulative('sum', (build, x) => withoutNaN(build, x, { nan: 0, ...limits })),
  Nanmax: nanExtreme('max'),
  Nanmean: nan(
    ({ build }, x, missing, over) => nanMean(build, x, missing, over),
    (build, x, { axes, keepDims }) => build.mean(x, axes, keepDims),
  ),
  Nanmin: nanExtreme('min'),
  Nanprod: nan(
    ({ build }, x, missing, { axes, keepDims }) =>
      build.reduce('product', build.where(missing, 1, x), axes, keepDims),
    (build, x, { axes, keepDims }) => build.reduce('product', x, axes, keepDims),
  ),
  Nanstd: nan(
    ({ build }, x, missing, over) => build.sqrt(nanVariance(build, x, missing, over)),
    (build, x, over) => build.sqrt(variance(build, toFloat(build, x), over)),
  ),
  Nansum: nan(
    ({ build }, x, missing, { axes, keepDims }) => build.sum(build.where(missing, 0, x), axes, keepDims),
    (build, x, { axes, keepDims }) => build.sum(x, axes, keepDims),
  ),
  Nanvar: nan(
    ({ build }, x, missing, over) => nanVariance(build, x, missing, over),
    (build, x, over) => variance(build, toFloat(build, x), over),
  ),
  Percentile: quantiles(100),
  Quantile: quantiles(1),
};
