import type { Builder } from '../graph/builder.js';
import { knownLength } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { channelsLast, restored } from './data-format.js';
import { inputOf, type LayerCall, type Lowered, runs } from './layer.js';
import { channelsFirst, choice, flag, integers } from './settings.js';

function pool(fn: 'max' | 'mean', rank: number) {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const first = channelsFirst(call);
    const x = channelsLast(build, inputOf(call), first);
    const size = integers(call, 'pool_size', rank, 2);
    const strides =
      (call.config['strides'] ?? undefined) === undefined ? size : integers(call, 'strides', rank);
    const padding = choice(call, 'padding', ['valid', 'same'], 'valid');
    return restored(build, build.pool(fn, x, size, { strides, padding }), first);
  };
}

function globalPool(fn: 'max' | 'mean', rank: number) {
  return (call: LayerCall): Lowered => {
    const { build, masks } = call;
    const input = inputOf(call);
    const first = channelsFirst(call);
    const from = first ? 2 : 1;
    const axes = Array.from({ length: rank }, (_, axis) => axis + from);
    const keepDims = flag(call, 'keepdims', false);
    const [mask] = masks;
    if (mask === undefined || fn === 'max' || rank > 1) return build.reduce(fn, input, axes, keepDims);
    // Only the steps that the mask allows count.
    const weight = build.cast(build.expandDims(mask, first ? 1 : 2), 'float32');
    const sum = build.sum(build.multiply(input, weight), axes, keepDims);
    return build.divide(sum, build.sum(weight, axes, keepDims));
  };
}

/** Windows of nearly equal length, so many that the output has the stated size. */
function adaptivePool(fn: 'max' | 'mean', rank: number) {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const first = channelsFirst(call);
    let x = channelsLast(build, inputOf(call), first);
    const size = integers(call, 'output_size', rank);
    for (const [index, parts] of size.entries()) x = adaptiveAlong(build, fn, x, index + 1, parts);
    return restored(build, x, first);
  };
}

/** Window i goes from floor(i × length / parts) to ceil((i + 1) × length / parts). */
function adaptiveAlong(build: Builder, fn: 'max' | 'mean', x: Value, axis: number, parts: number): Value {
  const length = knownLength(x.shape, axis, 'the input of an adaptive pooling');
  const windows = Array.from({ length: parts }, (_, index) => {
    const start = Math.floor((index * length) / parts);
    const end = Math.ceil(((index + 1) * length) / parts);
    return build.reduce(fn, build.slice(x, [{ axis, start, end }]), axis, true);
  });
  return build.concat(windows, axis);
}

export const POOLING = {
  MaxPooling1D: runs(pool('max', 1)),
  MaxPooling2D: runs(pool('max', 2)),
  MaxPooling3D: runs(pool('max', 3)),
  AveragePooling1D: runs(pool('mean', 1)),
  AveragePooling2D: runs(pool('mean', 2)),
  AveragePooling3D: runs(pool('mean', 3)),
  GlobalMaxPooling1D: runs(globalPool('max', 1)),
  GlobalMaxPooling2D: runs(globalPool('max', 2)),
  GlobalMaxPooling3D: runs(globalPool('max', 3)),
  GlobalAveragePooling1D: runs(globalPool('mean', 1)),
  GlobalAveragePooling2D: runs(globalPool('mean', 2)),
  GlobalAveragePooling3D: runs(globalPool('mean', 3)),
  AdaptiveMaxPooling1D: runs(adaptivePool('max', 1)),
  AdaptiveMaxPooling2D: runs(adaptivePool('max', 2)),
  AdaptiveMaxPooling3D: runs(adaptivePool('max', 3)),
  AdaptiveAveragePooling1D: runs(adaptivePool('mean', 1)),
  AdaptiveAveragePooling2D: runs(adaptivePool('mean', 2)),
  AdaptiveAveragePooling3D: runs(adaptivePool('mean', 3)),
};
