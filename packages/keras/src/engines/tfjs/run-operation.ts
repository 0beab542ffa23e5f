import type { Tensor } from '@tensorflow/tfjs-core';

import type { Operation } from '../../graph/operations.js';
import type { Value } from '../../graph/value.js';
import { BINARY, cast, clip, compare, elu, gelu, REDUCE, softmax, UNARY, where } from './arithmetic.js';
import { conv } from './conv.js';
import { convTranspose } from './conv-transpose.js';
import { einsum } from './einsum.js';
import { lookup } from './in-javascript.js';
import { checkWide } from './int64.js';
import { expandTo, gather, gatherElements, pad, slice } from './moving.js';
import { pool } from './pool.js';
import { matMul } from './products.js';
import { gru, lstm, rnn } from './recurrent.js';
import type { Running } from './running.js';

/** Runs one operation, for which `refusal` says nothing. Returns its outputs. */
export function runOperation(running: Running, operation: Operation): Tensor[] {
  checkWide(running, operation);
  return moves(operation) ? moveBooleans(running, operation) : compute(running, operation);
}

/** Whether an operation takes entries of any type and leaves them as they are. */
function moves({ op }: Operation): boolean {
  switch (op) {
    case 'transpose':
    case 'expand':
    case 'tile':
    case 'concat':
    case 'slice':
    case 'pad':
    case 'gather':
    case 'gatherElements':
      return true;
    default:
      return false;
  }
}

/** Moves booleans as integers, because some kernels write beyond their output if its entries have fewer than 4 bytes. */
function moveBooleans(running: Running, operation: Operation): Tensor[] {
  const { tf } = running;
  const booleans = new Set<Value>();
  const read = (value: Value) => {
    const tensor = running.read(value);
    if (tensor.dtype !== 'bool') return tensor;
    booleans.add(value);
    return tf.cast(tensor, 'int32');
  };
  const results = compute({ ...running, read }, operation);
  return booleans.size > 0 ? results.map((result) => tf.cast(result, 'bool')) : results;
}

/** A missing operation is an error of the compiler: then, not all ways return. */
function compute(running: Running, operation: Operation): Tensor[] {
  const { tf, read } = running;
  switch (operation.op) {
    case 'unary':
      return [UNARY[operation.fn](tf, read(operation.x))];
    case 'binary':
      return [BINARY[operation.fn](tf, read(operation.a), read(operation.b))];
    case 'compare':
      return [compare(tf, operation.fn, read(operation.a), read(operation.b))];
    case 'leakyRelu':
      return [tf.leakyRelu(read(operation.x), operation.alpha)];
    case 'elu':
      return [elu(tf, read(operation.x), operation.alpha)];
    case 'gelu':
      return [gelu(tf, read(operation.x), operation.approximate)];
    case 'clip':
      return [clip(tf, operation, read(operation.x))];
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
      return [tf.reshape(read(operation.x), operation.shape.map(running.length))];
    case 'transpose':
      return [tf.transpose(read(operation.x), [...operation.permutation])];
    case 'expand':
      // A handle of its own, even if the shape stays: the result may outlive the input.
      return [tf.clone(expandTo(tf, read(operation.x), operation.shape.map(running.length)))];
    case 'tile':
      return [tf.tile(read(operation.x), [...operation.repeats])];
    case 'concat':
      return [tf.concat(operation.inputs.map(read), operation.axis)];
    case 'slice':
      return [slice(tf, operation, read(operation.x))];
    case 'pad':
      return [pad(tf, operation, read(operation.x))];
    case 'gather':
      return [gather(tf, read(operation.x), read(operation.indices), operation.axis)];
    case 'gatherElements':
      return [gatherElements(tf, read(operation.x), read(operation.indices), operation.axis)];
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
      const x = read(operation.x) as Parameters<typeof tf.image.resizeBilinear>[0];
      const [rows, columns] = operation.size;
      return [tf.image.resizeBilinear(x, [rows, columns], false, true)];
    }
    case 'lookup':
      return [lookup(tf, operation, read(operation.x))];
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
