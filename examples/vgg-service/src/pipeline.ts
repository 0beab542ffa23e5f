import { performance } from 'node:perf_hooks';

import { loadModel, type LoadOptions, type Model } from '@dual/keras';
import {
  type ImageClassifier,
  imageClassifier,
  type ImageClassifierOptions,
  IMAGENET_LABELS,
  topK,
} from '@dual/keras/imagenet';

import { LabelsError } from './labels/read-labels.js';

export interface PipelineSettings extends ImageClassifierOptions {
  /** Path of the model file. */
  file: string;
  /** `model`: any image classifier. `weights`: a VGG-16, which may be without its configuration. */
  kind: 'model' | 'weights';
  engine: NonNullable<LoadOptions['engine']>;
  /**
   * Orientation of the convolution kernels. Only some Keras 1 files need it.
   *
   * @default As the file states it.
   */
  kernels?: LoadOptions['kernels'];
  /**
   * One name per class, in the order of the model's output.
   *
   * @default ImageNet's names if the model has 1,000 classes, else `class 0`, `class 1`, …
   */
  labels?: readonly string[] | undefined;
}

/** `output`: whether the model computes probabilities, or scores of which the service makes them. */
export interface ModelDescription extends Pick<
  ImageClassifier,
  'preprocessing' | 'reason' | 'output' | 'classes'
> {
  /** Name of the engine that runs the model. */
  engine: string;
  /** Size of the input image in pixels. */
  input: { width: number; height: number };
}

/** One class and its probability. */
export interface Ranked {
  label: string;
  /** Position of the class in the model's output, from 0. */
  index: number;
  /** 0 to 1. */
  probability: number;
}

/** One image, and what is asked of it. */
export interface Question {
  /** RGB data of the model's input size: rows, columns, three bytes per pixel. */
  pixels: Uint8Array;
  /** Number of classes in the answer, from 1. */
  top: number;
  /** Whether the answer has the raw output for every class. */
  scores: boolean;
}

export interface Classification {
  /** The most probable classes, most probable first. */
  top: Ranked[];
  /** Probabilities of all classes, in the order of the model's output. Only if they were asked for. */
  scores?: Float32Array;
  /** Time in ms for the whole batch that the image was in. */
  predict: number;
}

/** Runs in the model's process: classifies images. */
class Classifier {
  readonly #model: Model;
  readonly #classifier: ImageClassifier;
  readonly #labels: readonly string[];

  constructor(model: Model, classifier: ImageClassifier, labels: readonly string[]) {
    this.#model = model;
    this.#classifier = classifier;
    this.#labels = labels;
  }

  describe(): ModelDescription {
    const { width, height, classes, preprocessing, reason, output } = this.#classifier;
    const { engine } = this.#model;
    return { engine, input: { width, height }, classes, preprocessing, reason, output };
  }

  /** Classifies one image. */
  async classify(question: Question): Promise<Classification> {
    const [answer] = await this.classifyBatch([question]);
    if (answer === undefined) throw new Error('The model returned no answer');
    return answer;
  }

  /** Classifies several images with one prediction, which takes less time per image than a prediction for each. */
  async classifyBatch(questions: readonly Question[]): Promise<Classification[]> {
    const began = performance.now();
    const answers = await this.#classifier.classify(questions.map(({ pixels }) => pixels));
    const predict = performance.now() - began;
    return questions.map(({ top, scores }, at) => {
      const probabilities = answers[at] ?? new Float32Array();
      return {
        top: topK(probabilities, top).map(({ index, score }) => ({
          label: this.#labels[index] ?? `class ${index}`,
          index,
          probability: score,
        })),
        ...(scores && { scores: probabilities }),
        predict,
      };
    });
  }

  async close(): Promise<void> {
    await this.#model.dispose();
  }
}

/**
 * Loads the model and runs one prediction. Otherwise the first image would take longer than the rest.
 *
 * @throws {KerasError} When the model cannot be loaded, or does not classify images.
 * @throws {LabelsError} When the number of labels is not the number of classes.
 */
export default async function makePipeline(settings: PipelineSettings): Promise<Classifier> {
  const { file, kind, engine, kernels, labels, preprocessing, size } = settings;
  const vgg = kind === 'weights';
  const model = await loadModel(file, { engine, kernels, ...(vgg && { architecture: 'vgg16' }) });
  const classifier = await imageClassifier(model, {
    preprocessing: preprocessing ?? (vgg ? 'caffe' : undefined),
    size,
  });
  return new Classifier(model, classifier, labelsFor(classifier.classes, labels));
}

function labelsFor(classes: number, labels: readonly string[] | undefined): readonly string[] {
  if (labels === undefined) return classes === IMAGENET_LABELS.length ? IMAGENET_LABELS : [];
  if (labels.length === classes) return labels;
  throw new LabelsError(
    `The labels file has ${labels.length} labels, but the model has ${classes} classes. Give --labels a file with one label per class.`,
  );
}
