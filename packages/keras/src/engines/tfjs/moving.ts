import type { Tensor } from '@tensorflow/tfjs-core';

import { slicedLength } from '../../graph/builder.js';
import type { Operation } from '../../graph/operations.js';
import { expand } from './broadcast.js';
import type { TensorFlow } from './tensorflow.js';

/** Operations that move entries of any type, which are no booleans here. */

/** A length of 1 in the shape keeps that of the tensor. */
export function expandTo(tf: TensorFlow, x: Tensor, shape: readonly number[]): Tensor {
  const missing = shape.length - x.shape.length;
  return expand(
    tf,
    x,
    shape.map((length, axis) => (length === 1 ? (x.shape[axis - missing] ?? 1) : length)),
  );
}

/**
 * Cuts a range of each axis, then takes every n-th entry by index. The WebAssembly kernels for steps and for reversing
 * treat all types as float32, and write beyond their output for others.
 */
export function slice(tf: TensorFlow, { ranges }: Operation & { op: 'slice' }, x: Tensor): Tensor {
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  for (const range of ranges) {
    const length = x.shape[range.axis] ?? 0;
    const count = slicedLength(length, range);
    const first = range.start < 0 ? range.start + length : range.start;
    const reach = (count - 1) * Math.abs(range.step) + 1;
    const start = range.step > 0 ? Math.max(first, 0) : Math.min(first, length - 1) - reach + 1;
    begin[range.axis] = count === 0 ? 0 : start;
    size[range.axis] = count === 0 ? 0 : reach;
  }
  return ranges.reduce((cut, { axis, step }) => everyNth(tf, cut, axis, step), tf.slice(x, begin, size));
}

/** Every n-th entry along an axis, from the last one on if `step` is negative. */
export function everyNth(tf: TensorFlow, x: Tensor, axis: number, step: number): Tensor {
  const length = x.shape[axis] ?? 0;
  if (step === 1 || length === 0) return x;
  const count = Math.ceil(length / Math.abs(step));
  const indices = Array.from({ length: count }, (_, index) =>
    step > 0 ? index * step : length - 1 + index * step,
  );
  return tf.gather(x, tf.tensor1d(indices, 'int32'), axis);
}

export function pad(tf: TensorFlow, { padding, mode, value }: Operation & { op: 'pad' }, x: Tensor): Tensor {
  if (mode === 'constant')
    return tf.pad(
      x,
      padding.map(([before, after]): [number, number] => [before, after]),
      value,
    );
  return padding.reduce((padded, [before, after], axis) => {
    if (before === 0 && after === 0) return padded;
    const length = x.shape[axis] ?? 1;
    const indices = Array.from({ length: before + length + after }, (_, index) =>
      source(index - before, length, mode),
    );
    return tf.gather(padded, tf.tensor1d(indices, 'int32'), axis);
  }, x);
}

/** Which entry stands at a position outside. */
function source(position: number, length: number, mode: 'reflect' | 'edge' | 'wrap'): number {
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(position, 0), length - 1);
    case 'wrap':
      return ((position % length) + length) % length;
    case 'reflect': {
      const period = Math.max(1, 2 * (length - 1));
      const within = ((position % period) + period) % period;
      return within < length ? within : period - within;
    }
  }
}

export function gather(tf: TensorFlow, x: Tensor, indices: Tensor, axis: number): Tensor {
  return tf.gather(x, fromStart(tf, indices, x.shape[axis] ?? 0), axis);
}

/** Takes single numbers along an axis, by their positions in the flat tensor. */
export function gatherElements(tf: TensorFlow, x: Tensor, indices: Tensor, axis: number): Tensor {
  const along = fromStart(tf, indices, x.shape[axis] ?? 0);
  const strides = x.shape.map((_, at) => x.shape.slice(at + 1).reduce((a, b) => a * b, 1));
  const position = along.shape.reduce<Tensor>(
    (sum, count, at) => {
      const shape = along.shape.map((_, other) => (other === at ? count : 1));
      const own = at === axis ? along : tf.reshape(tf.range(0, count, 1, 'int32'), shape);
      return tf.add(sum, tf.mul(own, tf.scalar(strides[at] ?? 1, 'int32')));
    },
    tf.scalar(0, 'int32'),
  );
  return tf.gather(tf.reshape(x, [-1]), position);
}

/**
 * Negative indices count from the end.
 *
 * @throws {Error} When an index is outside. Backends differ in what they do with it.
 */
function fromStart(tf: TensorFlow, indices: Tensor, length: number): Tensor {
  const numbers = indices.dataSync<'int32'>();
  const outside = numbers.find((index) => index < -length || index >= length);
  if (outside !== undefined) throw new Error(`the index ${outside} is outside ${length} entries`);
  if (numbers.every((index) => index >= 0)) return indices;
  return tf.where(tf.less(indices, 0), tf.add(indices, tf.scalar(length, 'int32')), indices);
}
