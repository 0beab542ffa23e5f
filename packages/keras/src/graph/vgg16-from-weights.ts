import { ModelFileError } from '../errors.js';
import type { StoredModel, StoredWeight } from '../reading/stored-model.js';
import type { Graph } from './graph.js';
import { type LayerWeights, matchLayers, wrongShape } from './match-weights.js';
import { vgg16, VGG16_CONVOLUTIONS, VGG16_DENSE } from './vgg16.js';

/**
 * Builds the graph of the VGG-16 for which a weights-only file was made. The file does not state widths, input size and
 * number of classes, so they are computed from the shapes of the weights.
 *
 * The input size follows from the first dense layer. This layer has one input for each channel of each pixel that is
 * left after five halvings of the image. The image is assumed to be square.
 *
 * @throws {ModelFileError} When the weights are not those of a VGG-16.
 */
export function vgg16FromWeights(
  file: string,
  model: StoredModel,
): { graph: Graph; weights: Map<string, LayerWeights> } {
  refuseNoTop(file, model);
  const weights = matchLayers(file, model, [...VGG16_CONVOLUTIONS, ...VGG16_DENSE]);
  checkRanks(file, weights);

  const ordered = [...weights.values()];
  const layers = [...weights.keys()].map((name, index) => ({ name, width: width(ordered, index) }));
  const convolutions = layers.slice(0, VGG16_CONVOLUTIONS.length);
  const dense = layers.slice(VGG16_CONVOLUTIONS.length);

  const channels = ordered[0]?.kernel.shape[2] ?? 0;
  const last = convolutions.at(-1)?.width ?? 0;
  const side = 32 * placesPerSide(file, weights, last);
  const graph = vgg16({
    inputName: 'input',
    inputShape: [side, side, channels],
    convolutions,
    dense,
    activation: 'softmax',
  });
  return { graph, weights };
}

/** Keras also publishes VGG-16 without its dense layers, so that users can add their own. */
function refuseNoTop(file: string, model: StoredModel): void {
  const has = (name: string) => model.layers.some((layer) => layer.name === name && layer.weights.length > 0);
  if (model.named && VGG16_CONVOLUTIONS.every(has) && !VGG16_DENSE.some(has)) {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_LAYER',
      `The file has the convolutions of VGG-16 but not its dense layers (fc1, fc2, predictions). It is a "notop" file, ` +
        `which cannot classify. Use the file with all layers. File: ${file}`,
      { file, layer: VGG16_DENSE[0] },
    );
  }
}

function checkRanks(file: string, weights: ReadonlyMap<string, LayerWeights>): void {
  for (const [name, { kernel, bias }] of weights) {
    const convolution = VGG16_CONVOLUTIONS.includes(name);
    const [rows, columns] = kernel.shape;
    const misshapen =
      kernel.shape.length !== (convolution ? 4 : 2) || (convolution && (rows !== 3 || columns !== 3));
    const [units = 1] = bias.shape;
    if (misshapen || kernel.shape.includes(0)) {
      const [inputs = 1] = kernel.shape.slice(-2);
      throw wrongShape(file, name, 'kernel', convolution ? [3, 3, inputs, units] : [inputs, units], kernel);
    }
    if (bias.shape.length !== 1 || units === 0)
      throw wrongShape(file, name, 'bias', [kernel.shape.at(-1) ?? 1], bias);
  }
}

/**
 * Number of outputs of a layer. Its kernel, its bias and the kernel of the next layer each state it. If they disagree,
 * the majority wins, so that the error blames the right weight.
 */
function width(layers: readonly LayerWeights[], index: number): number {
  const said = [
    layers[index]?.kernel.shape.at(-1),
    layers[index]?.bias.shape[0],
    inputs(layers[index + 1]?.kernel),
  ];
  const [own = 0] = said;
  return said.find((value, position) => value !== undefined && said.indexOf(value) !== position) ?? own;
}

function inputs(kernel: StoredWeight | undefined): number | undefined {
  return kernel?.shape.at(-2);
}

function placesPerSide(file: string, weights: ReadonlyMap<string, LayerWeights>, channels: number): number {
  const [name] = VGG16_DENSE;
  const kernel = weights.get(name)?.kernel;
  const [rows = 0, units = 0] = kernel?.shape ?? [];
  const side = Math.sqrt(rows / channels);
  if (kernel !== undefined && !Number.isInteger(side)) {
    const nearest = Math.max(1, Math.round(side)) ** 2 * channels;
    throw wrongShape(file, name, 'kernel', [nearest, units], kernel);
  }
  return side;
}
