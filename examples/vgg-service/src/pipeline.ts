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
  /**
   * Orientation of the convolution kernels. Only some Keras 1 files need it.
   *
   * @default As the file states it.
   */
  kernels?: NonNullable<LoadOptions['kernels']>;
  /**
   * One name per class, in the order of the model's output.
   *
   * @default ImageNet's names if the model has 1,000 classes, else `class 0`, `class 1`, …
   */
  labels?: readonly string[];
}

export interface ModelDescription {
  /** Name of the engine that runs the model. */
  engine: string;
  /** Size of the input image in pixels. */
  input: { width: number; height: number };
  /** Number of classes. */
  classes: number;
}

/** One class and its probability. */
export interface Ranked {
  label: string;
  /** Position of the class in the model's output, from 0. */
  index: number;
  /** 0 to 1. */
  probability: number;
}

export interface Classification {
  /** The five most probable classes, most probable first. */
  top: Ranked[];
  /** Times in ms. `predict` is the time for the whole batch that the image was in. */
  timings: { decode: number; predict: number };
}

/** Number of classes in an answer. */
const RANKS = 5;

/** Runs in the model's process: decodes images and classifies them. */
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
   * Classifies one image.
   *
   * @param image Bytes of a JPEG, PNG, WebP, GIF, AVIF or TIFF file.
   * @throws {ImageError} When the image cannot be decoded.
   */
  async classify(image: Uint8Array): Promise<Classification> {
    const [answer] = await this.classifyBatch([image]);
    if (answer === undefined) throw new Error('The model returned no answer');
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /**
   * Classifies several images with one prediction, which takes less time per image than a prediction for each.
   *
   * @returns One entry per image, in order. If an image cannot be decoded, its entry is the ImageError.
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

  /** Finds the most probable classes of each input. */
  async #rank(inputs: readonly Float32Array[]): Promise<Ranked[][]> {
    if (inputs.length === 0) return [];
    const { input, classes } = this.#description;
    const shape = [inputs.length, input.height, input.width, 3];
    const [probabilities] = await this.#model.predict([{ data: stack(inputs), shape }]);
    if (!probabilities) throw new Error('The model returned no output');
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
 * Loads the model and runs one prediction. Otherwise the first image would take longer than the rest.
 *
 * @throws {KerasError} When `loadModel` fails.
 * @throws {LabelsError} When the number of labels is not the number of classes.
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

/** Joins the inputs into one tensor, whose first dimension is their number. */
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
  if (!height || !width || !classes)
    throw new Error('The model has no fixed input size or number of classes. Use weights that have both.');
  return { engine: model.engine, input: { width, height }, classes };
}

function labelsFor(classes: number, labels: readonly string[] | undefined): readonly string[] {
  if (labels === undefined) return classes === IMAGENET_LABELS.length ? IMAGENET_LABELS : [];
  if (labels.length === classes) return labels;
  throw new LabelsError(
    `The labels file has ${labels.length} labels, but the model has ${classes} classes. Give --labels a file with one label per class.`,
  );
}
