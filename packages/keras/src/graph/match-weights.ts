import { ModelFileError } from '../errors.js';
import type { StoredLayer, StoredModel, StoredWeight } from '../reading/stored-model.js';
import { type Graph, slotName, weightSlots } from './graph.js';

/** Kernel and bias of one layer. */
export interface LayerWeights {
  kernel: StoredWeight;
  bias: StoredWeight;
}

/**
 * Gives each of the layers that an architecture has its kernel and bias: by name, or by order where the file has no
 * names. Refuses missing layers, and layers with weights that the architecture does not have.
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
      `The file has a layer ${extra.name} with weights that the model has not: ${file}`,
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
    : `The model needs ${index + 1} layers with weights or more (${name} is next), the file has ${stored.length}`;
  return new ModelFileError('ERR_KERAS_MISSING_LAYER', `${why}: ${file}`, { file, layer: name });
}

function kernelAndBias(file: string, name: string, layer: StoredLayer): LayerWeights {
  const [kernel, bias, ...more] = layer.weights;
  if (kernel === undefined || bias === undefined) {
    throw new ModelFileError(
      'ERR_KERAS_MISSING_WEIGHT',
      `Layer ${name} needs a kernel and a bias; the file has one weight for it: ${file}`,
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
      `Layer ${name} has ${layer.weights.length} weights in the file; the model has a kernel and a bias: ${file}`,
      { file, layer: name, weight: more[0]?.dataset.path },
    );
  }
  return { kernel, bias };
}

/** Refuses the first weight whose shape is not the one that the graph needs. */
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

export function wrongShape(
  file: string,
  layer: string,
  role: 'kernel' | 'bias',
  expected: readonly number[],
  weight: StoredWeight,
): ModelFileError {
  return new ModelFileError(
    'ERR_KERAS_WRONG_SHAPE',
    `Layer ${layer}: the ${role} must have shape (${expected.join(', ')}), the file has (${weight.shape.join(', ')}): ${file}`,
    { file, layer, weight: weight.dataset.path, expected, actual: weight.shape },
  );
}

/** The most that the deflate format can compress: 1032 to 1. */
const MAX_COMPRESSION = 1032;

/** Refuses sizes that the file cannot hold, before memory is taken for them. */
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
          `Layer ${layer}: ${dataset.path} claims ${dataset.bytes} bytes; the whole file has ${fileBytes}: ${file}`,
          { file, layer, weight: dataset.path, actual: dataset.shape },
        );
      }
    }
  }
}
