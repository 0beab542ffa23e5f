import type { Tensor } from '@tensorflow/tfjs-core';

import type {
  BinaryFunction,
  Comparison,
  Operation,
  Reduction,
  UnaryFunction,
} from '../../graph/operations.js';
import type { DType } from '../../graph/value.js';
import { asHalf, wholeBinary } from './in-javascript.js';
import type { TensorFlow } from './tensorflow.js';
import { tfType } from './types.js';

export const UNARY: Readonly<Record<UnaryFunction, (tf: TensorFlow, x: Tensor) => Tensor>> = {
  abs: (tf, x) => tf.abs(x),
  acos: (tf, x) => tf.acos(x),
  acosh: (tf, x) => tf.acosh(x),
  asBfloat16: (tf, x) => asHalf(tf, 'asBfloat16', x),
  asFloat16: (tf, x) => asHalf(tf, 'asFloat16', x),
  asin: (tf, x) => tf.asin(x),
  asinh: (tf, x) => tf.asinh(x),
  atan: (tf, x) => tf.atan(x),
  atanh: (tf, x) => tf.atanh(x),
  ceil: (tf, x) => tf.ceil(x),
  cos: (tf, x) => tf.cos(x),
  cosh: (tf, x) => tf.cosh(x),
  erf: (tf, x) => tf.erf(x),
  exp: (tf, x) => tf.exp(x),
  floor: (tf, x) => tf.floor(x),
  isInfinite: (tf, x) => tf.isInf(x),
  isNaN: (tf, x) => tf.isNaN(x),
  log: (tf, x) => tf.log(x),
  negative: (tf, x) => tf.neg(x),
  not: (tf, x) => tf.logicalNot(x),
  reciprocal: (tf, x) => tf.reciprocal(x),
  relu: (tf, x) => tf.relu(x),
  round: (tf, x) => tf.round(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  sign: (tf, x) => keepNaN(tf, x, tf.sign(x)),
  sin: (tf, x) => tf.sin(x),
  sinh: (tf, x) => tf.sinh(x),
  softplus: (tf, x) => tf.softplus(x),
  sqrt: (tf, x) => tf.sqrt(x),
  tan: (tf, x) => tf.tan(x),
  tanh: (tf, x) => tf.tanh(x),
};

export const BINARY: Readonly<Record<BinaryFunction, (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor>> = {
  add: (tf, a, b) => tf.add(a, b),
  bitAnd: (tf, a, b) => wholeBinary(tf, 'bitAnd', a, b),
  divide: (tf, a, b) => tf.div(a, b),
  floorMod: (tf, a, b) => wholeBinary(tf, 'floorMod', a, b),
  // WebAssembly keeps NaN in the first operand only.
  maximum: (tf, a, b) => keepNaN(tf, b, tf.maximum(a, b)),
  minimum: (tf, a, b) => keepNaN(tf, b, tf.minimum(a, b)),
  multiply: (tf, a, b) => tf.mul(a, b),
  power: (tf, a, b) => tf.pow(a, b),
  quotient: (tf, a, b) => wholeBinary(tf, 'quotient', a, b),
  subtract: (tf, a, b) => tf.sub(a, b),
  truncatedMod: (tf, a, b) => wholeBinary(tf, 'truncatedMod', a, b),
};

type Reduce = (tf: TensorFlow, x: Tensor, axes: number[], keepDims: boolean) => Tensor;
export const REDUCE: Readonly<Record<Reduction, Reduce>> = {
  max: (tf, x, axes, keepDims) => tf.max(x, axes, keepDims),
  mean: (tf, x, axes, keepDims) => tf.mean(x, axes, keepDims),
  min: (tf, x, axes, keepDims) => tf.min(x, axes, keepDims),
  product: (tf, x, axes, keepDims) => tf.prod(x, axes, keepDims),
  sum: (tf, x, axes, keepDims) => tf.sum(x, axes, keepDims),
};

/** The result, but NaN where the operand is NaN. A single number is finite, because files with others are refused. */
function keepNaN(tf: TensorFlow, operand: Tensor, result: Tensor): Tensor {
  if (operand.dtype !== 'float32' || operand.size === 1) return result;
  return tf.where(tf.isNaN(operand), operand, result);
}

export function compare(tf: TensorFlow, fn: Comparison, a: Tensor, b: Tensor): Tensor {
  if (fn === 'and') return tf.logicalAnd(a, b);
  if (fn === 'or') return tf.logicalOr(a, b);
  // Not all backends order booleans, or have a kernel for `xor`.
  const [x, y] = a.dtype === 'bool' ? [tf.cast(a, 'int32'), tf.cast(b, 'int32')] : [a, b];
  switch (fn) {
    case 'equal':
      return tf.equal(x, y);
    case 'greater':
      return tf.greater(x, y);
    case 'greaterOrEqual':
      return tf.greaterEqual(x, y);
    case 'less':
      return tf.less(x, y);
    case 'lessOrEqual':
      return tf.lessEqual(x, y);
    case 'xor':
      return tf.notEqual(x, y);
  }
}

/** From float to integer, the fraction is dropped. */
export function cast(tf: TensorFlow, x: Tensor, dtype: DType): Tensor {
  if (dtype === 'bool' && x.dtype !== 'bool')
    return tf.notEqual(x, tf.scalar(0, x.dtype === 'int32' ? 'int32' : 'float32'));
  return tf.cast(x, tfType(dtype));
}

/** Moves booleans as integers, because not all backends choose between booleans. */
export function where(tf: TensorFlow, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'bool') return tf.where(condition, a, b);
  return tf.cast(tf.where(condition, tf.cast(a, 'int32'), tf.cast(b, 'int32')), 'bool');
}

export function elu(tf: TensorFlow, x: Tensor, alpha: number): Tensor {
  const result = tf.elu(x);
  return alpha === 1 ? result : tf.where(tf.greater(x, 0), x, tf.mul(result, alpha));
}

export function gelu(tf: TensorFlow, x: Tensor, approximate: boolean): Tensor {
  const inner = approximate
    ? tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI)))
    : tf.erf(tf.mul(x, Math.SQRT1_2));
  return tf.mul(tf.mul(x, 0.5), tf.add(inner, 1));
}

export function clip(tf: TensorFlow, { min, max }: Operation & { op: 'clip' }, x: Tensor): Tensor {
  const above = Number.isFinite(min) ? tf.maximum(x, min) : tf.clone(x);
  return Number.isFinite(max) ? tf.minimum(above, max) : above;
}

/** The kernel of TensorFlow.js works along the last axis only. */
export function softmax(tf: TensorFlow, x: Tensor, axis: number): Tensor {
  if (axis === x.shape.length - 1) return tf.softmax(x);
  const exponentials = tf.exp(tf.sub(x, tf.max(x, axis, true)));
  return tf.div(exponentials, tf.sum(exponentials, axis, true));
}
