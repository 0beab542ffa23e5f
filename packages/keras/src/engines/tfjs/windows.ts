import type { Rank, Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';

import type { Operation, Padding } from '../../graph/operations.js';
import { samePadding } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import type { TensorFlow } from './tensorflow.js';

type Read = (value: Value) => Tensor;

/** Correlation of rank 1, 2 or 3. One dimension is computed as images of one row. */
export function conv(tf: TensorFlow, operation: Operation & { op: 'conv' }, read: Read): Tensor {
  const { groups, strides, dilations, padding } = operation;
  const kernel = read(operation.kernel);
  const rank = kernel.shape.length - 2;
  const x = read(operation.x);
  const padded = zeroPadded(tf, x, padding, kernel.shape.slice(0, rank), strides, dilations);
  const y =
    rank === 1
      ? tf.squeeze(
          conv2d(
            tf,
            tf.expandDims(padded, 1),
            tf.expandDims(kernel, 0),
            groups,
            [1, ...strides],
            [1, ...dilations],
          ),
          [1],
        )
      : rank === 2
        ? conv2d(tf, padded, kernel, groups, strides, dilations)
        : conv3d(tf, padded, kernel, groups, strides);
  return operation.bias === undefined ? y : tf.add(y, read(operation.bias));
}

/** Explicit zeros, because backends differ in what they know of padding. */
function zeroPadded(
  tf: TensorFlow,
  x: Tensor,
  padding: Padding,
  size: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): Tensor {
  const around = size.map((entries, axis): [number, number] => {
    if (padding !== 'same') return [...(padding[axis] ?? [0, 0])];
    return samePadding(x.shape[axis + 1] ?? 1, entries, strides[axis] ?? 1, dilations[axis] ?? 1);
  });
  if (around.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.pad(x, [[0, 0], ...around, [0, 0]]);
}

function conv2d(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  groups: number,
  strides: readonly number[],
  dilations: readonly number[],
): Tensor {
  const [step, holes] = [pair(strides), pair(dilations)];
  if (groups === 1) return tf.conv2d(x as Tensor4D, kernel as Tensor4D, step, 'valid', 'NHWC', holes);
  const channels = x.shape[3] ?? 1;
  if (groups === channels) {
    const [rows = 1, columns = 1, , filters = 1] = kernel.shape;
    const own = tf.reshape<Rank.R4>(kernel, [rows, columns, channels, filters / channels]);
    // The kernel of TensorFlow takes strides that are equal only.
    if (step[0] === step[1]) return tf.depthwiseConv2d(x as Tensor4D, own, step, 'valid', 'NHWC', holes);
  }
  return inGroups(tf, x, kernel, groups, (part, own) =>
    tf.conv2d(part as Tensor4D, own as Tensor4D, step, 'valid', 'NHWC', holes),
  );
}

function conv3d(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  groups: number,
  strides: readonly number[],
): Tensor {
  const [depth = 1, rows = 1, columns = 1] = strides;
  const step: [number, number, number] = [depth, rows, columns];
  return inGroups(tf, x, kernel, groups, (part, own) =>
    tf.conv3d(part as Tensor5D, own as Tensor5D, step, 'valid'),
  );
}

/** Runs the convolution of each group, and joins their filters. */
function inGroups(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  groups: number,
  run: (x: Tensor, kernel: Tensor) => Tensor,
): Tensor {
  if (groups === 1) return run(x, kernel);
  const parts = tf.split(x, groups, x.shape.length - 1);
  const kernels = tf.split(kernel, groups, kernel.shape.length - 1);
  return tf.concat(
    parts.map((part, index) => run(part, kernels[index] ?? kernel)),
    x.shape.length - 1,
  );
}

/** Computes the full output, and cuts it or adds zeros. */
export function convTranspose(
  tf: TensorFlow,
  operation: Operation & { op: 'convTranspose' },
  read: Read,
): Tensor {
  const { strides, cut } = operation;
  const kernel = read(operation.kernel);
  const x = read(operation.x);
  const full = fullTransposed(tf, x, kernel, strides);
  const begin = [0, ...cut.map(([before]) => before), 0];
  const size = [
    -1,
    ...cut.map(([before, after], axis) => (full.shape[axis + 1] ?? 0) - before - Math.max(0, after)),
    -1,
  ];
  const shortened = tf.slice(full, begin, size);
  const around = cut.map(([, after]): [number, number] => [0, Math.max(0, -after)]);
  const y = around.some(([, after]) => after > 0)
    ? tf.pad(shortened, [[0, 0], ...around, [0, 0]])
    : shortened;
  return operation.bias === undefined ? y : tf.add(y, read(operation.bias));
}

function fullTransposed(tf: TensorFlow, x: Tensor, kernel: Tensor, strides: readonly number[]): Tensor {
  const rank = kernel.shape.length - 2;
  if (rank === 1) {
    const y = fullTransposed(tf, tf.expandDims(x, 1), tf.expandDims(kernel, 0), [1, ...strides]);
    return tf.squeeze(y, [1]);
  }
  const lengths = strides.map(
    (stride, axis) => ((x.shape[axis + 1] ?? 1) - 1) * stride + (kernel.shape[axis] ?? 1),
  );
  const filters = kernel.shape[rank] ?? 1;
  const [batch = 1] = x.shape;
  if (rank === 2) {
    const [rows = 1, columns = 1] = lengths;
    return tf.conv2dTranspose(
      x as Tensor4D,
      kernel as Tensor4D,
      [batch, rows, columns, filters],
      pair(strides),
      'valid',
    );
  }
  const [depth = 1, rows = 1, columns = 1] = lengths;
  const [stepDepth = 1, stepRows = 1, stepColumns = 1] = strides;
  return tf.conv3dTranspose(
    x as Tensor5D,
    kernel as Tensor5D,
    [batch, depth, rows, columns, filters],
    [stepDepth, stepRows, stepColumns],
    'valid',
  );
}

export function pool(tf: TensorFlow, operation: Operation & { op: 'pool' }, x: Tensor): Tensor {
  const { fn, size, strides } = operation;
  const padding = operation.padding === 'same' ? 'same' : 'valid';
  if (size.length === 3) {
    const [depth = 1, rows = 1, columns = 1] = size;
    const [stepDepth = 1, stepRows = 1, stepColumns = 1] = strides;
    const run = fn === 'max' ? tf.maxPool3d : tf.avgPool3d;
    return run(x as Tensor5D, [depth, rows, columns], [stepDepth, stepRows, stepColumns], padding);
  }
  const run = fn === 'max' ? tf.maxPool : tf.avgPool;
  if (size.length === 2) return run(x as Tensor4D, pair(size), pair(strides), padding);
  const images: Tensor4D = tf.expandDims(x, 1);
  return tf.squeeze(run(images, [1, size[0] ?? 1], [1, strides[0] ?? 1], padding), [1]);
}

function pair([a = 1, b = 1]: readonly number[]): [number, number] {
  return [a, b];
}
