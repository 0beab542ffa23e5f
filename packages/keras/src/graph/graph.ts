/**
 * A model as a list of operations, independent of file format and engine. Each node takes the output of the previous
 * one.
 */
export interface Graph {
  input: TensorSpec;
  nodes: readonly GraphNode[];
  output: TensorSpec;
}

/** Name and shape of a value. */
export interface TensorSpec {
  name: string;
  /** Without the batch dimension. Images have the shape (rows, columns, channels). */
  shape: readonly number[];
}

/** One operation. `name` and `shape` are those of its output. */
export type GraphNode = Conv2d | MaxPool2d | Flatten | Dense;

/**
 * Correlation with a kernel of shape (rows, columns, input channels, output channels). `same` pads with zeros as
 * TensorFlow does.
 */
export interface Conv2d extends TensorSpec {
  op: 'conv2d';
  kernel: WeightSlot;
  bias: WeightSlot;
  strides: readonly [number, number];
  padding: 'same';
  activation: Activation;
}

/** Maximum over windows. Windows that would cross the edge are left out. */
export interface MaxPool2d extends TensorSpec {
  op: 'maxPool2d';
  size: readonly [number, number];
  strides: readonly [number, number];
}

/** Joins all dimensions except the batch, in the order row, column, channel. */
export interface Flatten extends TensorSpec {
  op: 'flatten';
}

/** Input times a kernel of shape (inputs, units), plus bias. */
export interface Dense extends TensorSpec {
  op: 'dense';
  kernel: WeightSlot;
  bias: WeightSlot;
  activation: Activation;
}

export type Activation = 'linear' | 'relu' | 'softmax';

/** A weight that the graph needs: its layer, its role there, and its shape. */
export interface WeightSlot {
  layer: string;
  role: 'kernel' | 'bias';
  shape: readonly number[];
}

/** Lists the weights of a graph in the order in which its nodes use them. */
export function weightSlots(graph: Graph): WeightSlot[] {
  return graph.nodes.flatMap((node) =>
    node.op === 'conv2d' || node.op === 'dense' ? [node.kernel, node.bias] : [],
  );
}

/** Names a weight uniquely within its graph. */
export function slotName(slot: WeightSlot): string {
  return `${slot.layer}/${slot.role}`;
}
