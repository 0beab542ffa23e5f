import type { Activation, Graph, GraphNode } from './graph.js';

/**
 * Convolutions per block. Source: configuration D of Simonyan and Zisserman, "Very Deep Convolutional Networks" (2014).
 */
export const VGG16_BLOCKS = [2, 2, 3, 3, 3] as const;

/** The names of the convolutions in `keras.applications.VGG16`. */
export const VGG16_CONVOLUTIONS: readonly string[] = VGG16_BLOCKS.flatMap((count, block) =>
  Array.from({ length: count }, (_, index) => `block${block + 1}_conv${index + 1}`),
);

/** The names of the dense layers in `keras.applications.VGG16`. */
export const VGG16_DENSE = ['fc1', 'fc2', 'predictions'] as const;

/** Everything that can differ between two VGG-16 networks. */
export interface Vgg16Dimensions {
  inputName: string;
  /** Rows, columns and channels of an image. */
  inputShape: readonly [number, number, number];
  /** Names and widths of the thirteen convolutions. */
  convolutions: readonly { name: string; width: number }[];
  /** Names and widths of the three dense layers. The last width is the number of classes. */
  dense: readonly { name: string; width: number }[];
  /** Activation of the last layer. */
  activation: Activation;
}

/** Builds the graph of a VGG-16. */
export function vgg16(dimensions: Vgg16Dimensions): Graph {
  const nodes: GraphNode[] = [];
  let [rows, columns, channels] = dimensions.inputShape;

  const convolutions = [...dimensions.convolutions];
  for (const [block, count] of VGG16_BLOCKS.entries()) {
    for (const { name, width } of convolutions.splice(0, count)) {
      nodes.push({
        op: 'conv2d',
        name,
        shape: [rows, columns, width],
        kernel: { layer: name, role: 'kernel', shape: [3, 3, channels, width] },
        bias: { layer: name, role: 'bias', shape: [width] },
        strides: [1, 1],
        padding: 'same',
        activation: 'relu',
      });
      channels = width;
    }
    rows = Math.floor(rows / 2);
    columns = Math.floor(columns / 2);
    nodes.push({
      op: 'maxPool2d',
      name: `block${block + 1}_pool`,
      shape: [rows, columns, channels],
      size: [2, 2],
      strides: [2, 2],
    });
  }

  let inputs = rows * columns * channels;
  nodes.push({ op: 'flatten', name: 'flatten', shape: [inputs] });
  for (const [index, { name, width }] of dimensions.dense.entries()) {
    nodes.push({
      op: 'dense',
      name,
      shape: [width],
      kernel: { layer: name, role: 'kernel', shape: [inputs, width] },
      bias: { layer: name, role: 'bias', shape: [width] },
      activation: index === dimensions.dense.length - 1 ? dimensions.activation : 'relu',
    });
    inputs = width;
  }

  const last = dimensions.dense.at(-1);
  return {
    input: { name: dimensions.inputName, shape: dimensions.inputShape },
    nodes,
    output: { name: last?.name ?? 'flatten', shape: [inputs] },
  };
}
