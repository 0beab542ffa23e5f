import type { Tensor } from '@tensorflow/tfjs-core';

import type { BinaryFunction, Operation } from '../../graph/operations.js';
import { broadcast } from './broadcast.js';
import { toHalfPrecision } from './half-precision.js';
import type { TensorFlow } from './tensorflow.js';

/** The functions for which no backend has a kernel that is exact for all numbers. */
export const WHOLE = {
  bitAnd: (x: number, y: number) => x & y,
  quotient: (x: number, y: number) => Math.trunc(x / y),
  truncatedMod: (x: number, y: number) => x % y,
  floorMod: (x: number, y: number) => {
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  },
} satisfies Partial<Record<BinaryFunction, (x: number, y: number) => number>>;

/** @throws {Error} When an integer is divided by 0, as TensorFlow does. */
export function wholeBinary(tf: TensorFlow, fn: keyof typeof WHOLE, a: Tensor, b: Tensor): Tensor {
  const [x, y] = broadcast(tf, a, b);
  const [left, right] = [numbersOf(x), numbersOf(y)];
  if (a.dtype === 'int32' && fn !== 'bitAnd' && right.includes(0))
    throw new Error('an integer is divided by 0');
  const compute = WHOLE[fn];
  const result = left.map((number, index) => compute(number, right[index] ?? NaN));
  return tf.tensor(result, x.shape, x.dtype);
}

/** Rounds to the nearest number of a type of 16 bits. */
export function asHalf(tf: TensorFlow, fn: 'asFloat16' | 'asBfloat16', x: Tensor): Tensor {
  return tf.tensor(toHalfPrecision(fn, Float32Array.from(numbersOf(x))), x.shape, 'float32');
}

/** Finds each entry in a table. TensorFlow.js has no tables. */
export function lookup(tf: TensorFlow, operation: Operation & { op: 'lookup' }, x: Tensor): Tensor {
  const { keys, values, otherwise } = operation;
  const table = new Map<unknown, string | number>();
  for (const [index, key] of keys.entries()) table.set(key, values[index] ?? otherwise);
  const found = Array.from<unknown, string | number>(x.dataSync(), (key) => table.get(key) ?? otherwise);
  return typeof otherwise === 'string'
    ? tf.tensor(found.map(String), x.shape, 'string')
    : tf.tensor(Int32Array.from(found, Number), x.shape, 'int32');
}

function numbersOf(x: Tensor): Float32Array | Int32Array {
  return x.dtype === 'int32' ? x.dataSync<'int32'>() : x.dataSync<'float32'>();
}
