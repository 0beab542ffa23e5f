import type { Tensor } from '@tensorflow/tfjs-core';

import { slicedLength } from '../../graph/builder.js';
import type { BinaryFunction, Comparison, Operation, UnaryFunction } from '../../graph/operations.js';
import type { DType } from '../../graph/value.js';
import { einsum } from './einsum.js';
import { gru, lstm, rnn } from './recurrent.js';
import type { Running } from './running.js';
import type { TensorFlow } from './tensorflow.js';
import { conv, convTranspose, pool } from './windows.js';

/** The types of TensorFlow.js, which has no int64. */
export function tfType(dtype: DType): 'float32' | 'int32' | 'bool' | 'string' {
  return dtype === 'int64' ? 'int32' : dtype;
}

/** Runs one operation, for which `refusal` says nothing. Returns its outputs. */
export function runOperation(running: Running, operation: Operation): Tensor[] {
  const { tf, read } = running;
  switch (operation.op) {
    case 'unary':
      if (operation.fn === 'asBfloat16' || operation.fn === 'asFloat16')
        throw new Error('TensorFlow.js has no half precision');
      return [UNARY[operation.fn](tf, read(operation.x))];
    case 'binary':
      return [BINARY[operation.fn](tf, read(operation.a), read(operation.b))];
    case 'compare':
      return [compare(tf, operation.fn, read(operation.a), read(operation.b))];
    case 'leakyRelu':
      return [tf.leakyRelu(read(operation.x), operation.alpha)];
    case 'elu': {
      const x = read(operation.x);
      const elu = tf.elu(x);
      return [operation.alpha === 1 ? elu : tf.where(tf.greater(x, 0), x, tf.mul(elu, operation.alpha))];
    }
    case 'gelu':
      return [gelu(tf, read(operation.x), operation.approximate)];
    case 'clip': {
      const above = Number.isFinite(operation.min)
        ? tf.maximum(read(operation.x), operation.min)
        : tf.clone(read(operation.x));
      return [Number.isFinite(operation.max) ? tf.minimum(above, operation.max) : above];
    }
    case 'where':
      return [where(tf, read(operation.condition), read(operation.a), read(operation.b))];
    case 'cast':
      return [cast(tf, read(operation.x), operation.dtype)];
    case 'matMul':
      return [matMul(running, operation)];
    case 'einsum':
      return [einsum(tf, operation.equation, operation.inputs.map(read))];
    case 'conv':
      return [conv(tf, operation, read)];
    case 'convTranspose':
      return [convTranspose(tf, operation, read)];
    case 'pool':
      return [pool(tf, operation, read(operation.x))];
    case 'reduce':
      return [REDUCE[operation.fn](tf, read(operation.x), [...operation.axes], operation.keepDims)];
    case 'argReduce': {
      const x = read(operation.x);
      const found = operation.fn === 'max' ? tf.argMax(x, operation.axis) : tf.argMin(x, operation.axis);
      return [operation.keepDims ? tf.expandDims(found, operation.axis) : found];
    }
    case 'softmax':
      return [softmax(tf, read(operation.x), operation.axis)];
    case 'layerNormalization': {
      const x = read(operation.x);
      const axes = x.shape.map((_, axis) => axis).slice(operation.axis);
      const { mean, variance } = tf.moments(x, axes, true);
      const normalized = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, operation.epsilon)));
      const scaled = tf.mul(normalized, read(operation.scale));
      return [operation.bias === undefined ? scaled : tf.add(scaled, read(operation.bias))];
    }
    case 'reshape':
      return [
        tf.reshape(
          read(operation.x),
          operation.shape.map((length) => running.length(length)),
        ),
      ];
    case 'transpose':
      return [tf.transpose(read(operation.x), [...operation.permutation])];
    case 'expand': {
      const x = read(operation.x);
      const shape = operation.shape.map((length) => running.length(length));
      // A length of 1 in the shape keeps that of the tensor.
      const missing = shape.length - x.shape.length;
      const target = shape.map((length, axis) => (length === 1 ? (x.shape[axis - missing] ?? 1) : length));
      return [viaIntegers(tf, x, (numbers) => tf.broadcastTo(numbers, target))];
    }
    case 'tile':
      return [tf.tile(read(operation.x), [...operation.repeats])];
    case 'concat':
      return [tf.concat(operation.inputs.map(read), operation.axis)];
    case 'slice':
      return [viaIntegers(tf, read(operation.x), (x) => slice(tf, operation, x))];
    case 'pad':
      return [viaIntegers(tf, read(operation.x), (x) => pad(tf, operation, x))];
    case 'gather': {
      const x = read(operation.x);
      return [
        tf.gather(x, fromStart(tf, read(operation.indices), x.shape[operation.axis] ?? 0), operation.axis),
      ];
    }
    case 'gatherElements':
      return [gatherElements(tf, operation, read)];
    case 'topK': {
      const { values, indices } = tf.topk(read(operation.x), running.length(operation.k), true);
      return [values, indices];
    }
    case 'cumulativeSum':
      return [tf.cumsum(read(operation.x), operation.axis, false, operation.reverse)];
    case 'length':
      return [tf.scalar(running.length(operation.of), 'int32')];
    case 'range':
      return [tf.range(0, running.length(operation.length), 1, 'int32')];
    case 'resize': {
      const x = read(operation.x) as Parameters<TensorFlow['image']['resizeBilinear']>[0];
      const size: [number, number] = [...operation.size];
      return [tf.image.resizeBilinear(x, size, false, true)];
    }
    case 'lookup':
      throw new Error('TensorFlow.js has no lookup');
    case 'lstm':
      return lstm(tf, operation, read);
    case 'gru':
      return gru(tf, operation, read);
    case 'rnn':
      return rnn(tf, operation, read);
    case 'scan':
      return running.scan(operation);
  }
}

const UNARY: Readonly<
  Record<Exclude<UnaryFunction, 'asBfloat16' | 'asFloat16'>, (tf: TensorFlow, x: Tensor) => Tensor>
> = {
  abs: (tf, x) => tf.abs(x),
  acos: (tf, x) => tf.acos(x),
  acosh: (tf, x) => tf.acosh(x),
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
  sign: (tf, x) => tf.sign(x),
  sin: (tf, x) => tf.sin(x),
  sinh: (tf, x) => tf.sinh(x),
  softplus: (tf, x) => tf.softplus(x),
  sqrt: (tf, x) => tf.sqrt(x),
  tan: (tf, x) => tf.tan(x),
  tanh: (tf, x) => tf.tanh(x),
};

const BINARY: Readonly<Record<BinaryFunction, (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor>> = {
  add: (tf, a, b) => tf.add(a, b),
  bitAnd: (tf, a, b) => tf.bitwiseAnd(a, b),
  divide: (tf, a, b) => tf.div(a, b),
  floorMod: (tf, a, b) => tf.mod(a, b),
  maximum: (tf, a, b) => tf.maximum(a, b),
  minimum: (tf, a, b) => tf.minimum(a, b),
  multiply: (tf, a, b) => tf.mul(a, b),
  power: (tf, a, b) => tf.pow(a, b),
  quotient: (tf, a, b) => truncated(tf, a, b),
  subtract: (tf, a, b) => tf.sub(a, b),
  truncatedMod: (tf, a, b) => tf.sub(a, tf.mul(truncated(tf, a, b), b)),
};

/** The quotient, rounded towards 0. */
function truncated(tf: TensorFlow, a: Tensor, b: Tensor): Tensor {
  const quotient = tf.div(tf.cast(a, 'float32'), tf.cast(b, 'float32'));
  return tf.cast(tf.mul(tf.sign(quotient), tf.floor(tf.abs(quotient))), a.dtype);
}

const REDUCE = {
  max: (tf: TensorFlow, x: Tensor, axes: number[], keep: boolean) => tf.max(x, axes, keep),
  mean: (tf: TensorFlow, x: Tensor, axes: number[], keep: boolean) => tf.mean(x, axes, keep),
  min: (tf: TensorFlow, x: Tensor, axes: number[], keep: boolean) => tf.min(x, axes, keep),
  product: (tf: TensorFlow, x: Tensor, axes: number[], keep: boolean) => tf.prod(x, axes, keep),
  sum: (tf: TensorFlow, x: Tensor, axes: number[], keep: boolean) => tf.sum(x, axes, keep),
};

/** Some kernels take booleans and then read beyond them, because a boolean has one byte. */
function viaIntegers(tf: TensorFlow, x: Tensor, run: (x: Tensor) => Tensor): Tensor {
  return x.dtype === 'bool' ? tf.cast(run(tf.cast(x, 'int32')), 'bool') : run(x);
}

function compare(tf: TensorFlow, fn: Comparison, a: Tensor, b: Tensor): Tensor {
  if (fn === 'and') return tf.logicalAnd(a, b);
  if (fn === 'or') return tf.logicalOr(a, b);
  if (fn === 'xor') return tf.logicalXor(a, b);
  // Not all backends order booleans.
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
  }
}

/** From float to integer, the fraction is dropped. */
function cast(tf: TensorFlow, x: Tensor, dtype: DType): Tensor {
  if (dtype === 'bool' && x.dtype !== 'bool')
    return tf.notEqual(x, tf.scalar(0, x.dtype === 'int32' ? 'int32' : 'float32'));
  return tf.cast(x, tfType(dtype));
}

function where(tf: TensorFlow, condition: Tensor, a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'bool') return tf.where(condition, a, b);
  return tf.cast(tf.where(condition, tf.cast(a, 'int32'), tf.cast(b, 'int32')), 'bool');
}

function gelu(tf: TensorFlow, x: Tensor, approximate: boolean): Tensor {
  const inner = approximate
    ? tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI)))
    : tf.erf(tf.mul(x, Math.SQRT1_2));
  return tf.mul(tf.mul(x, 0.5), tf.add(inner, 1));
}

/** The kernel of TensorFlow.js works along the last axis only. */
function softmax(tf: TensorFlow, x: Tensor, axis: number): Tensor {
  if (axis === x.shape.length - 1) return tf.softmax(x);
  const exponentials = tf.exp(tf.sub(x, tf.max(x, axis, true)));
  return tf.div(exponentials, tf.sum(exponentials, axis, true));
}

/** A constant matrix may be kept in several tensors of consecutive rows. */
function matMul({ tf, read, parts }: Running, { a, b }: Operation & { op: 'matMul' }): Tensor {
  const x = read(a);
  const matrices = parts(b);
  const flat = b.shape.length === 2 && x.shape.length > 2;
  const rows = flat ? tf.reshape(x, [-1, x.shape.at(-1) ?? 1]) : x;
  let first = 0;
  const products = matrices.map((matrix) => {
    if (matrices.length === 1) return tf.matMul(rows, matrix);
    const [count = 0] = matrix.shape;
    const product = tf.matMul(tf.slice(rows, [0, first], [-1, count]), matrix);
    first += count;
    return product;
  });
  const sum = products.reduce((one, other) => tf.add(one, other));
  return flat ? tf.reshape(sum, [...x.shape.slice(0, -1), sum.shape.at(-1) ?? 1]) : sum;
}

function slice(tf: TensorFlow, { ranges }: Operation & { op: 'slice' }, x: Tensor): Tensor {
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  const steps = x.shape.map(() => 1);
  const reversed: number[] = [];
  for (const range of ranges) {
    const length = x.shape[range.axis] ?? 0;
    const count = slicedLength(length, range);
    const at = range.start < 0 ? range.start + length : range.start;
    const clamped =
      range.step > 0 ? Math.min(Math.max(at, 0), length) : Math.min(Math.max(at, -1), length - 1);
    if (range.step < 0) reversed.push(range.axis);
    begin[range.axis] = range.step > 0 ? clamped : length - 1 - clamped;
    steps[range.axis] = Math.abs(range.step);
    size[range.axis] = count === 0 ? 0 : (count - 1) * Math.abs(range.step) + 1;
  }
  const ordered = reversed.length > 0 ? tf.reverse(x, reversed) : x;
  if (steps.every((step) => step === 1)) return tf.slice(ordered, begin, size);
  return tf.stridedSlice(
    ordered,
    begin,
    begin.map((first, axis) => first + (size[axis] ?? 0)),
    steps,
  );
}

function pad(tf: TensorFlow, { padding, mode, value }: Operation & { op: 'pad' }, x: Tensor): Tensor {
  if (mode === 'constant') {
    const widths = padding.map(([before, after]): [number, number] => [before, after]);
    return tf.pad(x, widths, value);
  }
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

/** Negative indices count from the end. */
function fromStart(tf: TensorFlow, indices: Tensor, length: number): Tensor {
  return tf.where(tf.less(indices, 0), tf.add(indices, tf.scalar(length, 'int32')), indices);
}

function gatherElements(
  tf: TensorFlow,
  { axis, ...operation }: Operation & { op: 'gatherElements' },
  read: Running['read'],
): Tensor {
  const x = read(operation.x);
  const length = x.shape[axis] ?? 1;
  const indices = fromStart(tf, read(operation.indices), length);
  // Position of each number in the flat tensor: that of its own place, but for the axis.
  const strides = x.shape.map((_, at) => x.shape.slice(at + 1).reduce((a, b) => a * b, 1));
  const position = indices.shape.reduce<Tensor>(
    (sum, count, at) => {
      const along =
        at === axis
          ? indices
          : tf.reshape(
              tf.range(0, count, 1, 'int32'),
              indices.shape.map((_, other) => (other === at ? count : 1)),
            );
      return tf.add(sum, tf.mul(along, tf.scalar(strides[at] ?? 1, 'int32')));
    },
    tf.scalar(0, 'int32'),
  );
  return tf.gather(tf.reshape(x, [-1]), position);
}
