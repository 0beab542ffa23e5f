import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import type { Operation } from '../../graph/operations.js';
import { reach } from '../../graph/shapes.js';
import type { Value } from '../../graph/value.js';
import { correlated, pair } from './conv.js';
import { everyNth } from './moving.js';
import type { TensorFlow } from './tensorflow.js';

type Transposed = Operation & { op: 'convTranspose' };

/** Computes the full output, and cuts it or adds zeros. */
export function convTranspose(tf: TensorFlow, operation: Transposed, read: (value: Value) => Tensor): Tensor {
  const full = fullTransposed(tf, read(operation.x), read(operation.kernel), operation);
  const y = cutOrFilled(tf, full, operation.cut);
  return operation.bias === undefined ? y : tf.add(y, read(operation.bias));
}

/** Cuts the spatial dimensions, or adds zeros where the cut is negative. */
function cutOrFilled(tf: TensorFlow, full: Tensor, cut: Transposed['cut']): Tensor {
  const begin = cut.map(([before]) => Math.max(0, before));
  const size = cut.map(
    ([, after], axis) => (full.shape[axis + 1] ?? 0) - (begin[axis] ?? 0) - Math.max(0, after),
  );
  const shortened = tf.slice(full, [0, ...begin, 0], [-1, ...size, -1]);
  const around = cut.map(([before, after]): [number, number] => [Math.max(0, -before), Math.max(0, -after)]);
  if (around.every(([before, after]) => before === 0 && after === 0)) return shortened;
  return tf.pad(shortened, [[0, 0], ...around, [0, 0]]);
}

function fullTransposed(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  { strides, dilations }: Pick<Transposed, 'strides' | 'dilations'>,
): Tensor {
  const rank = kernel.shape.length - 2;
  if (rank === 1) {
    const steps = { strides: [1, ...strides], dilations: [1, ...dilations] };
    return tf.squeeze(fullTransposed(tf, tf.expandDims(x, 1), tf.expandDims(kernel, 0), steps), [1]);
  }
  // The kernels of TensorFlow.js do not dilate, and that of WebAssembly for three dimensions is wrong.
  if (rank > 2 || dilations.some((dilation) => dilation !== 1))
    return asCorrelation(tf, x, kernel, { strides, dilations });
  const [rows = 1, columns = 1] = strides.map(
    (stride, axis) => ((x.shape[axis + 1] ?? 1) - 1) * stride + (kernel.shape[axis] ?? 1),
  );
  const [batch = 1] = x.shape;
  const shape: [number, number, number, number] = [batch, rows, columns, kernel.shape[rank] ?? 1];
  return tf.conv2dTranspose(x as Tensor4D, kernel as Tensor4D, shape, pair(strides), 'valid');
}

/** With zeros between the entries and around them, it is a correlation with the reversed kernel. */
function asCorrelation(
  tf: TensorFlow,
  x: Tensor,
  kernel: Tensor,
  { strides, dilations }: Pick<Transposed, 'strides' | 'dilations'>,
): Tensor {
  const rank = strides.length;
  const apart = strides.reduce((part, stride, axis) => setApart(tf, part, axis + 1, stride), x);
  const around = dilations.map((dilation, axis): [number, number] => {
    const more = reach(kernel.shape[axis] ?? 1, dilation) - 1;
    return [more, more];
  });
  const spatial = dilations.map((_, axis) => axis);
  const reversed = spatial.reduce((part, axis) => everyNth(tf, part, axis, -1), kernel);
  return correlated(
    tf,
    tf.pad(apart, [[0, 0], ...around, [0, 0]]),
    tf.transpose(reversed, [...spatial, rank + 1, rank]),
    1,
    { strides: strides.map(() => 1), dilations },
  );
}

/** Puts zeros between the entries of an axis, so that they are `stride` entries apart. */
function setApart(tf: TensorFlow, x: Tensor, axis: number, stride: number): Tensor {
  if (stride === 1) return x;
  const length = x.shape[axis] ?? 1;
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const [outer = 1, inner = 1] = [before, after].map((lengths) => lengths.reduce((a, b) => a * b, 1));
  const padded = tf.pad(tf.reshape(x, [outer * length, inner]), [
    [0, 0],
    [0, (stride - 1) * inner],
  ]);
  const rows = tf.reshape(padded, [outer, length * stride, inner]);
  const reached = (length - 1) * stride + 1;
  return tf.reshape(tf.slice(rows, [0, 0, 0], [-1, reached, -1]), [...before, reached, ...after]);
}
