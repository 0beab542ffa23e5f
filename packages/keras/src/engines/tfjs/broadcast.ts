import type { Tensor } from '@tensorflow/tfjs-core';

import { broadcastShapes } from '../../graph/shapes.js';
import type { TensorFlow } from './tensorflow.js';

/** Brings two tensors to one shape. */
export function broadcast(tf: TensorFlow, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const shape = broadcastShapes(a.shape, b.shape).map(Number);
  return [expand(tf, a, shape), expand(tf, b, shape)];
}

/** Repeats dimensions of length 1. */
export function expand(tf: TensorFlow, x: Tensor, shape: readonly number[]): Tensor {
  if (x.shape.length === shape.length && shape.every((length, axis) => length === x.shape[axis])) return x;
  return tf.broadcastTo(x, [...shape]);
}
