import type * as Tfjs from '@tensorflow/tfjs-core';

import { type Activation, type Graph, type GraphNode, slotName } from '../../graph/graph.js';
import { matMulInParts } from './dense-parts.js';
import type { TensorFlow } from './tensorflow.js';

/** The weights of a graph by `slotName`. A dense kernel may be split into several tensors of consecutive rows. */
export type WeightTensors = ReadonlyMap<string, readonly Tfjs.Tensor[]>;

/**
 * Runs a graph with TensorFlow.js operations. Disposes of the input and of each intermediate tensor as soon as the next
 * one exists.
 *
 * @returns The output, which the caller must dispose of.
 */
export function runGraph(
  tf: TensorFlow,
  graph: Graph,
  weights: WeightTensors,
  input: Tfjs.Tensor,
): Tfjs.Tensor {
  return graph.nodes.reduce<Tfjs.Tensor>((current, node) => {
    try {
      return tf.tidy(() => runNode(tf, node, weights, current));
    } finally {
      current.dispose();
    }
  }, input);
}

function runNode(tf: TensorFlow, node: GraphNode, weights: WeightTensors, x: Tfjs.Tensor): Tfjs.Tensor {
  switch (node.op) {
    case 'conv2d': {
      const result = tf.fused.conv2d({
        x: x as Tfjs.Tensor4D,
        filter: weight(weights, slotName(node.kernel)) as Tfjs.Tensor4D,
        bias: weight(weights, slotName(node.bias)),
        strides: [...node.strides],
        pad: node.padding,
        activation: fusable(node.activation),
      });
      return node.activation === 'softmax' ? tf.softmax(result) : result;
    }
    case 'maxPool2d':
      return tf.maxPool(x as Tfjs.Tensor4D, [...node.size], [...node.strides], 'valid');
    case 'flatten':
      return tf.reshape(x, [-1, ...node.shape]);
    case 'dense': {
      const [kernel, ...more] = parts(weights, slotName(node.kernel));
      const bias = weight(weights, slotName(node.bias));
      const activation = fusable(node.activation);
      if (more.length === 0) {
        const result = tf.fused.matMul({ a: x, b: kernel, bias, activation });
        return node.activation === 'softmax' ? tf.softmax(result) : result;
      }
      const result = tf.add(matMulInParts(tf, x, [kernel, ...more]), bias);
      return activated(tf, result, node.activation);
    }
  }
}

function activated(tf: TensorFlow, x: Tfjs.Tensor, activation: Activation): Tfjs.Tensor {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return tf.relu(x);
    case 'softmax':
      return tf.softmax(x);
  }
}

function fusable(activation: Activation): 'linear' | 'relu' {
  return activation === 'relu' ? 'relu' : 'linear';
}

function weight(weights: WeightTensors, name: string): Tfjs.Tensor {
  return parts(weights, name)[0];
}

function parts(weights: WeightTensors, name: string): [Tfjs.Tensor, ...Tfjs.Tensor[]] {
  const [first, ...more] = weights.get(name) ?? [];
  if (first === undefined) throw new Error(`the graph has no weight ${name}`);
  return [first, ...more];
}
