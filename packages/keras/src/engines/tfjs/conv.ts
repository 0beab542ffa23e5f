import type { Rank, Tensor, Tensor4D, Tensor5D } from '@tensorflow/tfjs-core';

import type { Operation, Padding } from '../../graph/operations.js';
import { reach, samePadding } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { everyNth } from './moving.js';
import type { TensorFlow } from './tensorflow.js';

interface Steps {
  strides: readonly number[];
  dilations: readonly number[];
}

/** Correlation of rank 1, 2 or 3. One dimension is computed as images of one row. */
export function conv(
  tf: TensorFlow,
  operation: Operation & { op: 'conv' },
  read: (value: Value) => Tensor,
): Tensor {
  const kernel = read(operation.kernel);
  const size = kernel.shape.slice(0, -2);
  const x = zeroPadded(tf, read(operation.x), size, operation.padding, operation);
  const y = correlated(tf, x, kernel, operation.groups, operation);
  return operation.bias === undefined ? y : tf.add(y, read(operation.bias));
}

/** Explicit zeros, because backends differ in what they know of padding. */
function zeroPadded(
  tf: TensorFlow,
  x: Tensor,
  size: readonly number[],
  padding: Padding,
  { strides, dilations }: Steps,
): Tensor {
  const around = aroundOf(x, size, padding, strides, dilations);
  if (around.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.pad(x, [[0, 0], ...around, [0, 0]]);
}

/** How much is added before and after each spatial dimension. */
export function aroundOf(
  x: Tensor,
  size: readonly number[],
  padding: Padding,
  strides: readonly number[],
  dilations: readonly number[],
): [number, number][] {
  return size.map((entries, axis): [number, number] => {
    if (padding !== 'same') return [...(padding[axis] ?? [0, 0])];
    return samePadding(x.shape[axis + 1] ?? 1, entries, strides[axis] ?? 1, dilations[axis] ?? 1);
  });
}

/** Correlation without padding. */
export function correlated(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  groups: number,
  { strides, dilations }: Steps,
): Tensor {
  switch (kernel.shape.length - 2) {
    case 1: {
      const steps = { strides: [1, ...strides], dilations: [1, ...dilations] };
      return tf.squeeze(correlated(tf, tf.expandDims(x, 1), tf.expandDims(kernel, 0), groups, steps), [1]);
    }
    case 2:
      return conv2d(tf, x, kernel, groups, { strides, dilations });
    default:
      return conv3d(tf, x, kernel, groups, { strides, dilations });
  }
}

function conv2d(tf: TensorFlow, x: Tensor, kernel: Tensor, groups: number, steps: Steps): Tensor {
  const strides = pair(steps.strides);
  const dilations = pair(steps.dilations);
  const [rows = 1, columns = 1, , filters = 1] = kernel.shape;
  const channels = x.shape[3] ?? 1;
  // TensorFlow.js does not move and dilate at once.
  const alone = !isMoving(strides) || !isMoving(dilations);
  // The kernel of TensorFlow for one filter at a time takes equal strides only.
  if (alone && groups > 1 && groups === channels && strides[0] === strides[1]) {
    const own = tf.reshape<Rank.R4>(kernel, [rows, columns, channels, filters / channels]);
    return tf.depthwiseConv2d(x as Tensor4D, own, strides, 'valid', 'NHWC', dilations);
  }
  return inGroups(tf, x, kernel, groups, (part, own) =>
    alone
      ? tf.conv2d(part as Tensor4D, own as Tensor4D, strides, 'valid', 'NHWC', dilations)
      : byPositions(tf, part, own, steps),
  );
}

function conv3d(tf: TensorFlow, x: Tensor, kernel: Tensor, groups: number, steps: Steps): Tensor {
  const [depth = 1, rows = 1, columns = 1] = steps.strides;
  return inGroups(tf, x, kernel, groups, (part, own) =>
    isMoving(steps.dilations)
      ? byPositions(tf, part, own, steps)
      : tf.conv3d(part as Tensor5D, own as Tensor5D, [depth, rows, columns], 'valid'),
  );
}

/** Adds up products with the matrix at each position of the kernel, for what TensorFlow.js has no convolution. */
function byPositions(tf: TensorFlow, x: Tensor, kernel: Tensor, { strides, dilations }: Steps): Tensor {
  const size = kernel.shape.slice(0, -2);
  const [channels = 1, filters = 1] = kernel.shape.slice(-2);
  const counts = size.map((entries, axis) => {
    const free = (x.shape[axis + 1] ?? 1) - reach(entries, dilations[axis] ?? 1);
    return Math.floor(free / (strides[axis] ?? 1)) + 1;
  });
  const matrices = tf.reshape(kernel, [-1, channels, filters]);
  const products = positionsOf(size).map((position, index) => {
    const begin = position.map((at, axis) => at * (dilations[axis] ?? 1));
    const lengths = counts.map((count, axis) => (count - 1) * (strides[axis] ?? 1) + 1);
    const cut = tf.slice(x, [0, ...begin, 0], [-1, ...lengths, -1]);
    const seen = strides.reduce((part, stride, axis) => everyNth(tf, part, axis + 1, stride), cut);
    const matrix = tf.reshape(tf.slice(matrices, [index, 0, 0], [1, -1, -1]), [channels, filters]);
    return tf.matMul(tf.reshape(seen, [-1, channels]), matrix);
  });
  const sum = products.reduce((one, other) => tf.add(one, other));
  return tf.reshape(sum, [x.shape[0], ...counts, filters]);
}

/** All positions in a shape, in row-major order. */
function positionsOf([length, ...rest]: readonly number[]): number[][] {
  if (length === undefined) return [[]];
  const inner = positionsOf(rest);
  return Array.from({ length }, (_, at) => inner.map((position) => [at, ...position])).flat();
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

function isMoving(steps: readonly number[]): boolean {
  return steps.some((step) => step !== 1);
}

export function pair([a = 1, b = 1]: readonly number[]): [number, number] {
  return [a, b];
}
