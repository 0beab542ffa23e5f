import type { Tensor } from '@tensorflow/tfjs-core';

import type { Operation } from '../../graph/operations.js';
import type { Numbers } from '../../graph/value.js';
import { BINARY, REDUCE, UNARY } from './arithmetic.js';
import type { Running } from './running.js';
import type { TensorFlow } from './tensorflow.js';

/** TensorFlow.js has no integers of 64 bits, so that they are kept in 32. */
const LARGEST = 2 ** 31 - 1;

/** Below the largest number of 32 bits by more than float32 errs. */
const LARGEST_ESTIMATE = 2e9;

const MESSAGE = 'an integer of 64 bits is beyond 32, which TensorFlow.js cannot hold';

/** Whether every number fits into 32 bits. */
export function fitsInt32(data: Numbers | readonly number[]): boolean {
  return [...data].every((number) => Math.abs(Number(number)) <= LARGEST);
}

/** @throws {Error} When a number does not fit into 32 bits. */
export function toInt32(data: BigInt64Array): Int32Array {
  if (!data.every((number) => number >= -LARGEST && number <= LARGEST)) throw new Error(MESSAGE);
  return Int32Array.from(data, Number);
}

/**
 * Checks that the result of an operation on integers of 64 bits fits into 32. Its size is estimated as float32.
 *
 * @throws {Error} When it does not fit.
 */
export function checkWide({ tf, read }: Running, operation: Operation): void {
  const estimate = estimateOf(tf, operation, (value) => tf.cast(read(value), 'float32'));
  if (estimate === undefined) return;
  const largest = tf.max(tf.abs(estimate)).dataSync<'float32'>()[0] ?? 0;
  if (!(largest <= LARGEST_ESTIMATE)) throw new Error(MESSAGE);
}

/** The result as float32, if it may be larger than the operands. */
function estimateOf(
  tf: TensorFlow,
  operation: Operation,
  read: (value: (Operation & { op: 'cast' })['x']) => Tensor,
): Tensor | undefined {
  switch (operation.op) {
    case 'cast':
      return operation.dtype === 'int64' && operation.x.dtype === 'float32' ? read(operation.x) : undefined;
    case 'unary':
      return operation.x.dtype === 'int64' ? UNARY[operation.fn](tf, read(operation.x)) : undefined;
    case 'binary': {
      const { fn, a, b } = operation;
      const grows = fn === 'add' || fn === 'subtract' || fn === 'multiply' || fn === 'power';
      return grows && a.dtype === 'int64' ? BINARY[fn](tf, read(a), read(b)) : undefined;
    }
    case 'reduce': {
      const { fn, x, axes } = operation;
      const grows = fn === 'sum' || fn === 'product';
      return grows && x.dtype === 'int64' ? REDUCE[fn](tf, tf.abs(read(x)), [...axes], false) : undefined;
    }
    case 'cumulativeSum':
      return operation.x.dtype === 'int64' ? tf.sum(tf.abs(read(operation.x)), operation.axis) : undefined;
    default:
      return undefined;
  }
}
