import { isList } from '../config/json.js';
import type { Builder } from '../graph/builder.js';
import { GraphError } from '../graph/shapes.js';
import type { Value } from '../graph/value.js';
import { channelsLast, restored } from './data-format.js';
import { inputOf, type LayerCall, type Lowered, runs } from './layer.js';
import { resized } from './operations/resizing.js';
import { channelsFirst, choice, count, integers } from './settings.js';

/** All dimensions but the batch in one. Channels at position 1 are moved to the end first. */
function flatten(call: LayerCall): Lowered {
  const { build } = call;
  const input = inputOf(call);
  if (input.shape.length === 1) return build.expandDims(input, 1);
  const x = input.shape.length > 2 ? channelsLast(build, input, channelsFirst(call)) : input;
  return build.reshape(x, [x.shape[0] ?? 1, -1]);
}

function reshape(call: LayerCall): Lowered {
  const input = inputOf(call);
  const target = integers(call, 'target_shape').map((length) => (length < 0 ? -1 : length));
  return call.build.reshape(input, [input.shape[0] ?? 1, ...target]);
}

function permute(call: LayerCall): Lowered {
  return call.build.transpose(inputOf(call), [0, ...integers(call, 'dims')]);
}

function repeatVector(call: LayerCall): Lowered {
  const { build } = call;
  return build.tile(build.expandDims(inputOf(call), 1), [1, count(call, 'n'), 1]);
}

/** Pairs of lengths for each spatial dimension, however the file states them. */
function pairs(call: LayerCall, key: string, rank: number, otherwise: number): [number, number][] {
  const value = call.config[key] ?? otherwise;
  if (isList(value) && value.some((entry) => isList(entry))) {
    return value.map((entry) => {
      const pair = { config: { [key]: entry } };
      const [before = 0, after = before] = integers(pair, key, 2);
      return [before, after];
    });
  }
  // One pair for the only dimension, or one number for each dimension.
  if (rank === 1 && isList(value) && value.length === 2) {
    const [before = 0, after = 0] = integers(call, key, 2);
    return [[before, after]];
  }
  return integers(call, key, rank, otherwise).map((length) => [length, length]);
}

function zeroPadding(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const around = pairs(call, 'padding', rank, 1);
    const none: [number, number] = [0, 0];
    const all = channelsFirst(call) ? [none, none, ...around] : [none, ...around, none];
    return build.pad(inputOf(call), all);
  };
}

function cropping(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const from = channelsFirst(call) ? 2 : 1;
    const x = inputOf(call);
    return build.slice(
      x,
      pairs(call, 'cropping', rank, 1).map(([before, after], axis) => {
        const length = x.shape[axis + from];
        if (typeof length === 'number' && before + after >= length) {
          throw new GraphError(`its cropping (${before}, ${after}) leaves nothing of ${length}`);
        }
        return { axis: axis + from, start: before, ...(after === 0 ? {} : { end: -after }) };
      }),
    );
  };
}

function upSampling(rank: number) {
  return (call: LayerCall): Lowered => {
    const { build } = call;
    const first = channelsFirst(call);
    const factors = integers(call, 'size', rank, 2);
    const method =
      rank === 2
        ? choice(call, 'interpolation', ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'], 'nearest')
        : 'nearest';
    let x = channelsLast(build, inputOf(call), first);
    if (method === 'nearest') {
      for (const [axis, factor] of factors.entries()) x = build.repeat(x, factor, axis + 1);
    } else {
      x = enlarged(build, x, factors, method);
    }
    return restored(build, x, first);
  };
}

function enlarged(
  build: Builder,
  x: Value,
  factors: readonly number[],
  method: 'bilinear' | 'bicubic' | 'lanczos3' | 'lanczos5',
): Value {
  const [rows, columns] = [x.shape[1], x.shape[2]];
  if (typeof rows !== 'number' || typeof columns !== 'number') {
    throw new GraphError('its input must have a known size to be interpolated');
  }
  const size = [rows * (factors[0] ?? 1), columns * (factors[1] ?? 1)] as const;
  return method === 'bilinear' ? build.resize(x, size) : resized(build, x, size, method, false);
}

export const RESHAPING = {
  Flatten: runs(flatten),
  Reshape: runs(reshape),
  Permute: runs(permute),
  RepeatVector: runs(repeatVector),
  ZeroPadding1D: runs(zeroPadding(1)),
  ZeroPadding2D: runs(zeroPadding(2)),
  ZeroPadding3D: runs(zeroPadding(3)),
  Cropping1D: runs(cropping(1)),
  Cropping2D: runs(cropping(2)),
  Cropping3D: runs(cropping(3)),
  UpSampling1D: runs(upSampling(1)),
  UpSampling2D: runs(upSampling(2)),
  UpSampling3D: runs(upSampling(3)),
};
