/** A model as a list of operations, free of file format and engine. Each node takes the output of the one before it. */
export interface Graph {
  input: TensorSpec;
  nodes: readonly GraphNode[];
  output: TensorSpec;
}

export interface TensorSpec {
  name: string;
  /** Without the batch dimension; images are rows, columns, channels. */
  shape: readonly number[];
}

export type GraphNode = Conv2d | MaxPool2d | Flatten | Dense;

/** Correlation with a kernel of rows, columns, input channels, output channels; `same` pads with zeros as TensorFlow does. */
export interface Conv2d extends TensorSpec {
  op: 'conv2d';
  kernel: WeightSlot;
  bias: WeightSlot;
  strides: readonly [number, number];
  padding: 'same';
  activation: Activation;
}

/** Maximum over windows; windows that do not fit are left out. */
export interface MaxPool2d extends TensorSpec {
  op: 'maxPool2d';
  size: readonly [number, number];
  strides: readonly [number, number];
}

/** All but the batch dimension in one, in row, column, channel order. */
export interface Flatten extends TensorSpec {
  op: 'flatten';
}

/** Input times a kernel of inputs, units; plus bias. */
export interface Dense extends TensorSpec {
  op: 'dense';
  kernel: WeightSlot;
  bias: WeightSlot;
  activation: Activation;
}

export type Activation = 'linear' | 'relu' | 'softmax';

/** Where a weight belongs, and the shape it must have. */
export interface WeightSlot {
  layer: string;
  role: 'kernel' | 'bias';
  shape: readonly number[];
}

/** The weights of a graph in the order in which its nodes use them. */
export function weightSlots(graph: Graph): WeightSlot[] {
  return graph.nodes.flatMap((node) =>
    node.op === 'conv2d' || node.op === 'dense' ? [node.kernel, node.bias] : [],
  );
}

/** A name that is unique within a graph. */
export function slotName(slot: WeightSlot): string {
  return `${slot.layer}/${slot.role}`;
}
