import type * as Tfjs from '@tensorflow/tfjs-core';
import { type Activation, type Graph, type GraphNode, slotName } from '../../graph/graph.js';

/** The part of TensorFlow.js that all its packages share. */
export type TensorFlow = typeof Tfjs;

/** Runs a graph with TensorFlow.js operations. Frees each intermediate result as soon as the next one is there. */
export function runGraph(
  tf: TensorFlow,
  graph: Graph,
  weights: ReadonlyMap<string, Tfjs.Tensor>,
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

function runNode(
  tf: TensorFlow,
  node: GraphNode,
  weights: ReadonlyMap<string, Tfjs.Tensor>,
  x: Tfjs.Tensor,
): Tfjs.Tensor {
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
      const result = tf.fused.matMul({
        a: x,
        b: weight(weights, slotName(node.kernel)),
        bias: weight(weights, slotName(node.bias)),
        activation: fusable(node.activation),
      });
      return node.activation === 'softmax' ? tf.softmax(result) : result;
    }
  }
}

function fusable(activation: Activation): 'linear' | 'relu' {
  return activation === 'relu' ? 'relu' : 'linear';
}

function weight(weights: ReadonlyMap<string, Tfjs.Tensor>, name: string): Tfjs.Tensor {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new Error(`the graph has no weight ${name}`);
  return tensor;
}
