import type * as Tfjs from '@tensorflow/tfjs-core';

import type { TensorFlow } from './tensorflow.js';

/** Splits a matrix into parts of consecutive rows. A part has `mostBytes` bytes or less, but at least one row. */
export function* rowParts(
  data: Float32Array,
  [rows = 0, columns = 0]: readonly number[],
  mostBytes: number,
): Generator<{ data: Float32Array; shape: [number, number] }> {
  const rowBytes = columns * Float32Array.BYTES_PER_ELEMENT;
  const most = Math.max(1, Math.floor(mostBytes / rowBytes));
  for (let first = 0; first < rows; first += most) {
    const count = Math.min(most, rows - first);
    yield { data: data.subarray(first * columns, (first + count) * columns), shape: [count, columns] };
  }
}

/**
 * Multiplies `x` by a matrix that is kept in parts of consecutive rows. Each part is multiplied with the matching
 * columns of `x`, and the products are added.
 */
export function matMulInParts(
  tf: TensorFlow,
  x: Tfjs.Tensor,
  [part, ...others]: readonly [Tfjs.Tensor, ...Tfjs.Tensor[]],
): Tfjs.Tensor {
  const columnsOf = (first: number, rows = 0) => tf.slice(x, [0, first], [-1, rows]);
  let first = part.shape[0];
  return others.reduce<Tfjs.Tensor>(
    (sum, other) => {
      const product = tf.matMul(columnsOf(first, other.shape[0]), other);
      first += other.shape[0];
      return tf.add(sum, product);
    },
    tf.matMul(columnsOf(0, part.shape[0]), part),
  );
}
