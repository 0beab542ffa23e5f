import {
  type Activation,
  type Graph,
  type GraphNode,
  slotName,
  type WeightSlot,
  weightSlots,
} from '../../graph/graph.js';
import type { OnnxNode, OnnxValue } from './onnx-message.js';

/** Version of ONNX's operator set. Version 13 has Relu, Softmax and Gemm in the form that we write. */
export const OPSET = 13;
const BATCH = 'batch';

/** A graph as ONNX nodes, with its one input and its one output. */
export interface OnnxGraph {
  nodes: OnnxNode[];
  input: OnnxValue;
  output: OnnxValue;
}

/**
 * Translates a graph to ONNX. ONNX puts the channels first, Keras puts them last. The image is transposed once at the
 * start, and back before it is flattened, so that the dense kernel fits as Keras stored it.
 *
 * Values are named by number, because layers may have any name. A layer's name may equal one of ours, and two names
 * with lone surrogates may become equal in UTF-8.
 */
export function toOnnxGraph(graph: Graph): OnnxGraph {
  const nodes: OnnxNode[] = [
    { op: 'Transpose', inputs: [INPUT], output: 'input/channels_first', attributes: { perm: [0, 3, 1, 2] } },
  ];
  const weightName = onnxWeightNames(graph);
  for (const [index, node] of graph.nodes.entries()) {
    nodes.push(...toOnnxNodes(node, nodes.at(-1)?.output ?? INPUT, `node/${index}`, weightName));
  }
  const output = nodes.at(-1)?.output ?? INPUT;
  return {
    nodes,
    input: { name: INPUT, shape: [BATCH, ...graph.input.shape] },
    output: { name: output, shape: [BATCH, ...graph.output.shape] },
  };
}

/** Numbers the weights of a graph. The returned function maps a weight to its ONNX name. */
export function onnxWeightNames(graph: Graph): (slot: WeightSlot) => string {
  const numbers = new Map(weightSlots(graph).map((slot, index) => [slotName(slot), index]));
  return (slot) => {
    const number = numbers.get(slotName(slot));
    if (number === undefined) throw new Error(`the graph has no weight ${slotName(slot)}`);
    return `weight/${number}`;
  };
}

const INPUT = 'input';

function toOnnxNodes(
  node: GraphNode,
  input: string,
  output: string,
  weightName: (slot: WeightSlot) => string,
): OnnxNode[] {
  switch (node.op) {
    case 'conv2d':
      return activated(node.activation, output, {
        op: 'Conv',
        inputs: [input, weightName(node.kernel), weightName(node.bias)],
        output,
        attributes: {
          auto_pad: 'SAME_UPPER',
          kernel_shape: node.kernel.shape.slice(0, 2),
          strides: node.strides,
        },
      });
    case 'maxPool2d':
      return [
        {
          op: 'MaxPool',
          inputs: [input],
          output,
          attributes: { kernel_shape: node.size, strides: node.strides },
        },
      ];
    case 'flatten':
      return [
        {
          op: 'Transpose',
          inputs: [input],
          output: `${output}/channels_last`,
          attributes: { perm: [0, 2, 3, 1] },
        },
        { op: 'Flatten', inputs: [`${output}/channels_last`], output },
      ];
    case 'dense':
      return activated(node.activation, output, {
        op: 'Gemm',
        inputs: [input, weightName(node.kernel), weightName(node.bias)],
        output,
      });
  }
}

function activated(activation: Activation, output: string, node: OnnxNode): OnnxNode[] {
  switch (activation) {
    case 'linear':
      return [node];
    case 'relu':
    case 'softmax': {
      const before = `${output}/before_activation`;
      const op = activation === 'relu' ? 'Relu' : 'Softmax';
      return [
        { ...node, output: before },
        { op, inputs: [before], output },
      ];
    }
  }
}
