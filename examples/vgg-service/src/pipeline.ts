import { performance } from 'node:perf_hooks';

import { loadModel, type LoadOptions, type Model } from '@dual/keras';
import { IMAGENET_LABELS, topK } from '@dual/keras/imagenet';

import { decodeImage } from './imaging/decode.js';
import { toVggInput } from './imaging/vgg-input.js';
import { LabelsError } from './labels/read-labels.js';

export interface PipelineSettings {
  /** Path of the HDF5 file. */
  weights: string;
  engine: NonNullable<LoadOptions['engine']>;
  /** For Keras 1 files, which do not say it themselves. */
  kernels?: NonNullable<LoadOptions['kernels']>;
  /** One a class; without them ImageNet's where the model has its 1000 classes, else `class 0`, `class 1`, … */
  labels?: readonly string[];
}

export interface ModelDescription {
  engine: string;
  input: { width: number; height: number };
  classes: number;
}

/** One class and how likely it is. */
export interface Ranked {
  label: string;
  index: number;
  /** 0 to 1 */
  probability: number;
}

export interface Classification {
  /** The five likeliest, likeliest first. */
  top: Ranked[];
  /** Milliseconds; `predict` is how long the model took for all images that it was asked about at once. */
  timings: { decode: number; predict: number };
}

/** How many classes an answer names. */
const RANKS = 5;

/** Runs in the child process: decodes images and asks the model. */
class Classifier {
  readonly #model: Model;
  readonly #labels: readonly string[];
  readonly #description: ModelDescription;

  constructor(model: Model, description: ModelDescription, labels: readonly string[]) {
    this.#model = model;
    this.#description = description;
    this.#labels = labels;
  }

  describe(): ModelDescription {
    return this.#description;
  }

  /**
   * @param image An encoded image: the bytes of a JPEG, PNG, WebP, GIF, AVIF or TIFF file.
   * @throws {ImageError}
   */
  async classify(image: Uint8Array): Promise<Classification> {
    const [answer] = await this.classifyBatch([image]);
    if (answer === undefined) throw new Error('The model gave no answer');
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /**
   * Asks the model once for all images: it needs less time for each than alone. One that cannot be decoded has its
   * ImageError in its place, and does not keep the others from theirs.
   */
  async classifyBatch(images: readonly Uint8Array[]): Promise<(Classification | Error)[]> {
    const decoded = await Promise.allSettled(images.map((image) => this.#decode(image)));
    const inputs = decoded.flatMap((one) => (one.status === 'fulfilled' ? one.value.input : []));
    const began = performance.now();
    const ranked = await this.#rank(inputs);
    const predict = performance.now() - began;
    return decoded.map((one) => {
      if (one.status === 'rejected') return asError(one.reason);
      return { top: ranked.shift() ?? [], timings: { decode: one.value.ms, predict } };
    });
  }

  async #decode(image: Uint8Array): Promise<{ input: Float32Array; ms: number }> {
    const began = performance.now();
    const input = toVggInput(await decodeImage(image, this.#description.input));
    return { input, ms: performance.now() - began };
  }

  /** The likeliest classes of each input. */
  async #rank(inputs: readonly Float32Array[]): Promise<Ranked[][]> {
    if (inputs.length === 0) return [];
    const { input, classes } = this.#description;
    const shape = [inputs.length, input.height, input.width, 3];
    const [probabilities] = await this.#model.predict([{ data: stack(inputs), shape }]);
    if (!probabilities) throw new Error('The model gave no output');
    return inputs.map((_, i) => {
      const ofOne = probabilities.data.subarray(i * classes, (i + 1) * classes);
      return topK(ofOne, RANKS).map(({ index, score }) => ({
        label: this.#labels[index] ?? `class ${index}`,
        index,
        probability: score,
      }));
    });
  }

  async close(): Promise<void> {
    await this.#model.dispose();
  }
}

/**
 * Loads the model and lets it make one prediction, so that the first image is not slower than the rest.
 *
 * @throws What `loadModel` throws, or LabelsError.
 */
export default async function makePipeline({
  weights,
  engine,
  kernels,
  labels,
}: PipelineSettings): Promise<Classifier> {
  const model = await loadModel(weights, { architecture: 'vgg16', engine, ...(kernels && { kernels }) });
  const description = describe(model);
  const named = labelsFor(description.classes, labels);
  await model.warmUp();
  return new Classifier(model, description, named);
}

/** One tensor of several: the first dimension counts them. */
function stack(inputs: readonly Float32Array[]): Float32Array {
  const [first] = inputs;
  if (first !== undefined && inputs.length === 1) return first;
  const stacked = new Float32Array(inputs.length * (first?.length ?? 0));
  for (const [i, input] of inputs.entries()) stacked.set(input, i * input.length);
  return stacked;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function describe(model: Model): ModelDescription {
  const [, height, width] = model.inputs[0]?.shape ?? [];
  const classes = model.outputs[0]?.shape.at(-1);
  if (!height || !width || !classes) throw new Error('The model has no fixed input size');
  return { engine: model.engine, input: { width, height }, classes };
}

function labelsFor(classes: number, labels: readonly string[] | undefined): readonly string[] {
  if (labels === undefined) return classes === IMAGENET_LABELS.length ? IMAGENET_LABELS : [];
  if (labels.length === classes) return labels;
  throw new LabelsError(`There are ${labels.length} labels, and the model has ${classes} classes.`);
}
