import type { Tensor } from '@tensorflow/tfjs-core';

import type { Operation } from '../../graph/operations.js';
import { broadcastShapes } from '../../graph/shapes.js';
import { expand } from './broadcast.js';
import type { Running } from './running.js';
import type { TensorFlow } from './tensorflow.js';

/** A constant matrix may be kept in several tensors of consecutive rows. */
export function matMul({ tf, read, parts }: Running, { a, b }: Operation & { op: 'matMul' }): Tensor {
  const x = read(a);
  const [whole, ...others] = parts(b);
  if (whole === undefined) throw new Error('a matrix has at least one part');
  if (b.shape.length > 2) return batchMatMul(tf, x, whole);
  const rows = x.shape.length > 2 ? tf.reshape(x, [-1, x.shape.at(-1) ?? 1]) : x;
  const columnsOf = (first: number, matrix: Tensor) => tf.slice(rows, [0, first], [-1, matrix.shape[0]]);
  let [first] = whole.shape;
  const product = others.reduce(
    (sum, part) => {
      const more = tf.matMul(columnsOf(first, part), part);
      first += part.shape[0];
      return tf.add(sum, more);
    },
    tf.matMul(others.length === 0 ? rows : columnsOf(0, whole), whole),
  );
  return rows === x ? product : tf.reshape(product, [...x.shape.slice(0, -1), product.shape.at(-1) ?? 1]);
}

/** The WebAssembly kernel mixes up batches of several dimensions that are repeated, so repeat them before. */
function batchMatMul(tf: TensorFlow, a: Tensor, b: Tensor): Tensor {
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)).map(Number);
  return tf.matMul(
    expand(tf, a, [...batch, ...a.shape.slice(-2)]),
    expand(tf, b, [...batch, ...b.shape.slice(-2)]),
  );
}
