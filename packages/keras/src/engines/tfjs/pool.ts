import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';

import type { Operation } from '../../graph/operations.js';
import { aroundOf, pair } from './conv.js';
import type { TensorFlow } from './tensorflow.js';

type Pool = Operation & { op: 'pool' };

/** Greatest or mean number of each window. Padding does not count. */
export function pool(tf: TensorFlow, operation: Pool, x: Tensor): Tensor {
  const { fn, size, strides, padding, dilations } = operation;
  if (padding === 'same' && size.length < 3) return pooled(tf, operation, x, 'same');
  const around = aroundOf(x, size, padding, strides, dilations);
  if (around.every(([before, after]) => before === 0 && after === 0)) return pooled(tf, operation, x);
  const widths: [number, number][] = [[0, 0], ...around, [0, 0]];
  if (fn === 'max') return pooled(tf, operation, tf.pad(x, widths, -Infinity));
  // The mean with zeros around, divided by the share of the window that is inside.
  const ones = tf.ones([1, ...x.shape.slice(1, -1), 1]);
  return tf.div(pooled(tf, operation, tf.pad(x, widths)), pooled(tf, operation, tf.pad(ones, widths)));
}

function pooled(
  tf: TensorFlow,
  { fn, size, strides }: Pick<Pool, 'fn' | 'size' | 'strides'>,
  x: Tensor,
  padding: 'valid' | 'same' = 'valid',
): Tensor {
  const images = (given: Tensor, window: readonly number[], steps: readonly number[]) =>
    fn === 'max'
      ? tf.maxPool(given as Tensor4D, pair(window), pair(steps), padding)
      : tf.avgPool(given as Tensor4D, pair(window), pair(steps), padding);
  if (size.length === 1) return tf.squeeze(images(tf.expandDims(x, 1), [1, ...size], [1, ...strides]), [1]);
  if (size.length === 2) return images(x, size, strides);
  // Rows and columns first, then the depth: the kernels of WebAssembly for three dimensions are wrong.
  const [batch = 1, depth = 1, rows = 1, columns = 1, channels = 1] = x.shape;
  const flat = images(
    tf.reshape(x, [batch * depth, rows, columns, channels]),
    size.slice(1),
    strides.slice(1),
  );
  const [, high, wide] = flat.shape;
  const deep = tf.reshape(flat, [batch, depth, high * wide, channels]);
  const result = images(deep, [size[0] ?? 1, 1], [strides[0] ?? 1, 1]);
  return tf.reshape(result, [batch, -1, high, wide, channels]);
}
