import { GraphError, knownLength, reach } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { cutOf, grouped } from '../convolution.js';
import { channelsLast, restored } from '../data-format.js';
import { type LayerCall, type LayerEntry, type Lowered, runs, UnsupportedError } from '../layer.js';
import { POOLING } from '../pooling.js';
import { channelsFirst, choice, integer, integers } from '../settings.js';
import { floating, setting, tensor } from './arguments.js';

type Pooling = 'MaxPooling' | 'AveragePooling' | 'AdaptiveMaxPooling' | 'AdaptiveAveragePooling';

/** The same as the layer, whose settings have the same names. */
function pool(layer: Pooling): LayerEntry {
  return runs((call) => {
    const rank = tensor(call, 0, 'inputs').shape.length - 2;
    if (rank !== 1 && rank !== 2 && rank !== 3)
      throw new GraphError(`needs 3, 4 or 5 dimensions, not ${rank + 2}`);
    const entry: LayerEntry = POOLING[`${layer}${rank}D`];
    if (entry.kind !== 'runs') throw new UnsupportedError('the pooling is not supported');
    return entry.lower({ ...call, inputs: [tensor(call, 0, 'inputs')], masks: [] });
  });
}

function windows(call: LayerCall, rank: number) {
  return {
    strides: integers(call, 'strides', rank, 1),
    dilations: integers(call, 'dilation_rate', rank, 1),
    padding: choice(call, 'padding', ['valid', 'same'], 'valid'),
  };
}

function image(call: LayerCall): Value {
  return channelsLast(call.build, floating(call, tensor(call, 0, 'inputs')), channelsFirst(call));
}

function conv(call: LayerCall): Lowered {
  const { build } = call;
  const x = image(call);
  const kernel = floating(call, tensor(call, 1, 'kernel'));
  const groups =
    knownLength(x.shape, -1, 'the channels') / knownLength(kernel.shape, -2, 'the channels of the kernel');
  const y = build.conv(x, kernel, undefined, { ...windows(call, kernel.shape.length - 2), groups });
  return restored(build, y, channelsFirst(call));
}

function depthwise(call: LayerCall): Value {
  const { build } = call;
  const x = image(call);
  const kernel = floating(
    call,
    call.className === 'SeparableConv' ? tensor(call, 1, 'depthwise_kernel') : tensor(call, 1, 'kernel'),
  );
  const groups = knownLength(x.shape, -1, 'the channels');
  return build.conv(x, grouped(build, kernel), undefined, {
    ...windows(call, kernel.shape.length - 2),
    groups,
  });
}

function transposed(call: LayerCall): Lowered {
  const { build } = call;
  const x = image(call);
  const kernel = floating(call, tensor(call, 1, 'kernel'));
  const rank = kernel.shape.length - 2;
  const { strides, dilations, padding } = windows(call, rank);
  const extra =
    setting(call, 'output_padding') === undefined ? undefined : integers(call, 'output_padding', rank);
  const cut = dilations.map((dilation, axis) => {
    const size = knownLength(kernel.shape, axis, 'the kernel');
    return cutOf(reach(size, dilation), strides[axis] ?? 1, padding, size, extra?.[axis]);
  });
  return restored(
    build,
    build.convTranspose(x, kernel, undefined, { strides, dilations, cut }),
    channelsFirst(call),
  );
}

/** Windows of an image of shape (batch, channels, rows, columns), as columns. Source: `unfold` of `keras/src/backend/tensorflow/nn.py`. */
function unfold(call: LayerCall): Lowered {
  const { build } = call;
  const input = tensor(call, 0, 'x');
  const [size, dilation, around, stride] = [
    integers(call, 'kernel_size', 2),
    integers(call, 'dilation', 2, 1),
    integers(call, 'padding', 2, 0),
    integers(call, 'stride', 2, 1),
  ];
  const [top = 0, left = 0] = around;
  const x = build.pad(input, [
    [0, 0],
    [0, 0],
    [top, top],
    [left, left],
  ]);
  const counts = size.map((entries, axis) => {
    const length = knownLength(x.shape, axis + 2, 'the image');
    return Math.floor((length - reach(entries, dilation[axis] ?? 1)) / (stride[axis] ?? 1)) + 1;
  });
  const [rows = 1, columns = 1] = size;
  const [high = 1, wide = 1] = counts;
  const parts: Value[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const part = build.slice(
        x,
        [row, column].map((at, axis) => {
          const start = at * (dilation[axis] ?? 1);
          const step = stride[axis] ?? 1;
          return { axis: axis + 2, start, end: start + ((counts[axis] ?? 1) - 1) * step + 1, step };
        }),
      );
      parts.push(build.reshape(part, [x.shape[0] ?? 1, x.shape[1] ?? 1, 1, high * wide]));
    }
  }
  const channels = knownLength(x.shape, 1, 'the channels');
  return build.reshape(build.concat(parts, 2), [x.shape[0] ?? 1, channels * rows * columns, high * wide]);
}

/** Adds columns as windows to an image. Source: `fold` of `keras/src/backend/tensorflow/nn.py`. */
function fold(call: LayerCall): Lowered {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const names = ['output_size', 'kernel_size', 'dilation', 'padding', 'stride'];
  const [size = [], kernel = [], dilation = [], around = [], stride = []] = names.map((name, index) =>
    integers(call, name, 2, index === 3 ? 0 : 1),
  );
  const [rows = 1, columns = 1] = kernel;
  const lengths = size.map((length, axis) => length + 2 * (around[axis] ?? 0));
  const counts = lengths.map(
    (length, axis) =>
      Math.floor((length - reach(kernel[axis] ?? 1, dilation[axis] ?? 1)) / (stride[axis] ?? 1)) + 1,
  );
  const [high = 1, wide = 1] = counts;
  const channels = knownLength(x.shape, 1, 'the columns') / (rows * columns);
  const batch = x.shape[0] ?? 1;
  const windowsOf = build.reshape(x, [batch, channels, rows, columns, high, wide]);
  let sum: Value | undefined;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let part = build.at(build.at(windowsOf, 3, column), 2, row);
      for (const [axis, at] of [row, column].entries()) {
        part = spreadOut(call, part, axis + 2, {
          step: stride[axis] ?? 1,
          start: at * (dilation[axis] ?? 1),
          length: lengths[axis] ?? 1,
        });
      }
      sum = sum === undefined ? part : build.add(sum, part);
    }
  }
  if (sum === undefined) throw new GraphError('has an empty window');
  return build.slice(
    sum,
    size.map((length, axis) => ({
      axis: axis + 2,
      start: around[axis] ?? 0,
      end: (around[axis] ?? 0) + length,
    })),
  );
}

/** Entries at equal distances along an axis, with zeros between and around them. */
function spreadOut(
  { build }: LayerCall,
  x: Value,
  axis: number,
  { step, start, length }: { step: number; start: number; length: number },
): Value {
  const rank = x.shape.length;
  const widths = (at: number, before: number, after: number) =>
    Array.from({ length: at === axis ? rank : rank + 1 }, (_, index) =>
      index === at ? ([before, after] as const) : ([0, 0] as const),
    );
  const count = knownLength(x.shape, axis, 'the windows');
  const gaps = build.pad(build.expandDims(x, axis + 1), widths(axis + 1, 0, step - 1));
  const joined = build.slice(build.reshape(gaps, x.shape.with(axis, count * step)), [
    { axis, end: (count - 1) * step + 1 },
  ]);
  return build.pad(joined, widths(axis, start, length - start - ((count - 1) * step + 1)));
}

function depthToSpace(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  const x = channelsLast(build, tensor(call, 0, 'x'), first);
  const block = integer(call, 'block_size');
  const [batch = 1, rows = 1, columns = 1] = x.shape;
  const channels = knownLength(x.shape, -1, 'the channels') / block ** 2;
  const parts = build.transpose(
    build.reshape(x, [batch, rows, columns, block, block, channels]),
    [0, 1, 3, 2, 4, 5],
  );
  const length = (of: typeof rows) => (typeof of === 'number' ? of * block : -1);
  return restored(build, build.reshape(parts, [batch, length(rows), length(columns), channels]), first);
}

function spaceToDepth(call: LayerCall): Lowered {
  const { build } = call;
  const first = channelsFirst(call);
  const x = channelsLast(build, tensor(call, 0, 'x'), first);
  const block = integer(call, 'block_size');
  const [rows, columns] = [
    knownLength(x.shape, 1, 'the image') / block,
    knownLength(x.shape, 2, 'the image') / block,
  ];
  const [batch = 1] = x.shape;
  const channels = knownLength(x.shape, -1, 'the channels');
  const parts = build.transpose(
    build.reshape(x, [batch, rows, block, columns, block, channels]),
    [0, 1, 3, 2, 4, 5],
  );
  return restored(build, build.reshape(parts, [batch, rows, columns, block * block * channels]), first);
}

/** Windows along the last axis. */
function extractSequences(call: LayerCall): Lowered {
  const { build } = call;
  const x = tensor(call, 0, 'x');
  const axis = x.shape.length - 1;
  const [length, stride] = [integer(call, 'sequence_length'), integer(call, 'sequence_stride')];
  const total = knownLength(x.shape, -1, 'the sequence');
  const count = Math.max(0, Math.floor((total - length) / stride) + 1);
  const places = Array.from({ length: count }, (_, row) =>
    Array.from({ length }, (_, column) => row * stride + column),
  );
  return build.gather(x, build.constant(places.flat(), [count, length], 'int32'), axis);
}

export const WINDOWS = {
  AdaptiveAveragePool: pool('AdaptiveAveragePooling'),
  AdaptiveMaxPool: pool('AdaptiveMaxPooling'),
  AveragePool: pool('AveragePooling'),
  Conv: runs(conv),
  ConvTranspose: runs(transposed),
  DepthToSpace: runs(depthToSpace),
  DepthwiseConv: runs((call) => restored(call.build, depthwise(call), channelsFirst(call))),
  ExtractSequences: runs(extractSequences),
  Fold: runs(fold),
  MaxPool: pool('MaxPooling'),
  SeparableConv: runs((call) => {
    const { build } = call;
    const y = build.conv(depthwise(call), floating(call, tensor(call, 2, 'pointwise_kernel')));
    return restored(build, y, channelsFirst(call));
  }),
  SpaceToDepth: runs(spaceToDepth),
  Unfold: runs(unfold),
};
