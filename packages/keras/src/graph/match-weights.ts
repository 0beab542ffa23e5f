import { ModelFileError } from '../errors.js';
import type { StoredLayer, StoredModel, StoredWeight } from '../reading/stored-model.js';
import { type Graph, slotName, weightSlots } from './graph.js';

/** Kernel and bias of one layer. */
export interface LayerWeights {
  kernel: StoredWeight;
  bias: StoredWeight;
}

/**
 * Finds kernel and bias of each layer of an architecture: by name, or by order if the file has no names.
 *
 * @param names Layers of the architecture that have weights, in order.
 * @throws {ModelFileError} When the file lacks a layer or a weight, or has one that the architecture does not have.
 */
export function matchLayers(
  file: string,
  model: StoredModel,
  names: readonly string[],
): Map<string, LayerWeights> {
  const stored = model.layers.filter((layer) => layer.weights.length > 0);
  const matched = new Map<string, LayerWeights>();
  for (const [index, name] of names.entries()) {
    const layer = model.named ? stored.find((candidate) => candidate.name === name) : stored[index];
    if (layer === undefined) throw missingLayer(file, model, name, index, stored);
    matched.set(name, kernelAndBias(file, name, layer));
  }
  const extra = model.named ? stored.find(({ name }) => !names.includes(name)) : stored[names.length];
  if (extra !== undefined) {
    throw new ModelFileError(
      'ERR_KERAS_EXTRA_LAYER',
      `Layer ${extra.name} is in the file but not in the model: ${file}`,
      { file, layer: extra.name },
    );
  }
  return matched;
}

function missingLayer(
  file: string,
  model: StoredModel,
  name: string,
  index: number,
  stored: readonly StoredLayer[],
): ModelFileError {
  const why = model.named
    ? `Layer ${name} is in the model but not in the file`
    : `The model needs at least ${index + 1} layers with weights (next is ${name}), but the file has ${stored.length}`;
  return new ModelFileError('ERR_KERAS_MISSING_LAYER', `${why}: ${file}`, { file, layer: name });
}

function kernelAndBias(file: string, name: string, layer: StoredLayer): LayerWeights {
  const [kernel, bias, ...more] = layer.weights;
  if (kernel === undefined || bias === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_WEIGHT',
      `Layer ${name} needs a kernel and a bias, but the file has only one weight for it: ${file}`,
      {
        file,
        layer: name,
        weight: kernel?.dataset.path,
      },
    );
  }
  if (more.length > 0) {
    throw new ModelFileError(
      'ERR_KERAS_NOT_THIS_ARCHITECTURE',
      `Layer ${name} has ${layer.weights.length} weights in the file, but the model needs only a kernel and a bias: ${file}`,
      { file, layer: name, weight: more[0]?.dataset.path },
    );
  }
  return { kernel, bias };
}

/**
 * Checks that each weight has the shape that the graph needs.
 *
 * @throws {ModelFileError} When a weight is missing or has another shape.
 */
export function checkShapes(file: string, graph: Graph, weights: ReadonlyMap<string, LayerWeights>): void {
  for (const slot of weightSlots(graph)) {
    const weight = weights.get(slot.layer)?.[slot.role];
    if (weight === undefined) {
      throw new ModelFileError(
        'ERR_KERAS_MISSING_WEIGHT',
        `${slotName(slot)} is in the model but not in the file: ${file}`,
        {
          file,
          layer: slot.layer,
        },
      );
    }
    if (weight.shape.join() !== slot.shape.join())
      throw wrongShape(file, slot.layer, slot.role, slot.shape, weight);
  }
}

/** The error for a weight that has another shape than the model needs. */
export function wrongShape(
  file: string,
  layer: string,
  role: 'kernel' | 'bias',
  expected: readonly number[],
  weight: StoredWeight,
): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_WRONG_SHAPE',
    `Layer ${layer}: the ${role} must have shape (${expected.join(', ')}), but the file has (${weight.shape.join(', ')}): ${file}`,
    { file, layer, weight: weight.dataset.path, expected, actual: weight.shape },
  );
}

/** Highest ratio that deflate can reach. Source: zlib's "Technical Details", maximum compression factor. */
const MAX_COMPRESSION = 1032;

/**
 * Checks that no weight is larger than the file can hold. Run this before memory is allocated for the weights.
 *
 * @param fileBytes Size of the file in bytes.
 * @throws {ModelFileError} When a weight claims more bytes than the file can hold.
 */
export function checkSizes(
  file: string,
  fileBytes: number,
  weights: ReadonlyMap<string, LayerWeights>,
): void {
  for (const [layer, { kernel, bias }] of weights) {
    for (const { dataset } of [kernel, bias]) {
      const most = dataset.compressed ? fileBytes * MAX_COMPRESSION : fileBytes;
      if (dataset.bytes > most) {
        throw new ModelFileError(
          'ERR_KERAS_SIZE_NOT_CREDIBLE',
          `Layer ${layer}: ${dataset.path} claims ${dataset.bytes} bytes, but the whole file has ${fileBytes}: ${file}`,
          { file, layer, weight: dataset.path, actual: dataset.shape },
        );
      }
    }
  }
}
