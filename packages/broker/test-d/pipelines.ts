export interface Prediction {
  label: string;
  probability: number;
}

/** A pipeline with one method of every kind that the types distinguish. */
export class Pipeline {
  readonly labels = ['boot'];
  readonly #calls = 0;

  constructor(weights: string, classes?: number) {
    this.labels.push(weights, String(classes), String(this.#calls));
  }

  predict(image: Uint8Array): Prediction {
    return { label: this.labels[0] ?? '', probability: image.length };
  }

  predictLater(image: Uint8Array, top?: number): Promise<Prediction[]> {
    return Promise.resolve([this.predict(image)].slice(0, top));
  }

  predictBatch(images: Uint8Array[]): (Prediction | Error)[] {
    return images.map((image) => this.predict(image));
  }

  predictBatchLater(images: readonly Uint8Array[]): Promise<Prediction[]> {
    return Promise.resolve(images.map((image) => this.predict(image)));
  }

  /** Takes other items than `predict`. */
  labelBatch(names: string[]): Prediction[] {
    return names.map((label) => ({ label, probability: 1 }));
  }

  /** Returns other results than `predict`. */
  countBatch(images: Uint8Array[]): number[] {
    return images.map(({ length }) => length);
  }

  *words(image: Uint8Array): Generator<string> {
    yield this.predict(image).label;
  }

  async *wordsLater(image: Uint8Array): AsyncGenerator<string> {
    yield (await this.predictLater(image))[0]?.label ?? '';
  }

  wordsSoon(image: Uint8Array): Promise<Generator<string>> {
    return Promise.resolve(this.words(image));
  }

  blocks(): ReadableStream<Uint8Array> {
    return new ReadableStream();
  }

  gaps(): Promise<ReadableStream<string | undefined>> {
    return Promise.resolve(new ReadableStream());
  }

  promises(): IterableIterator<Promise<number>> {
    return [Promise.resolve(1)].values();
  }

  fail(): never {
    throw new Error('always');
  }

  _internal(): void {
    this.labels.pop();
  }

  then(): void {
    this.labels.pop();
  }
}

/** A factory with a required parameter. */
export function makePipeline(weights: string): Pipeline {
  return new Pipeline(weights);
}

export function makePipelineLater(weights: string): Promise<Pipeline> {
  return Promise.resolve(new Pipeline(weights));
}

/** A factory whose parameter is optional. */
export function makeDefault(weights = 'vgg16_weights.h5'): Pipeline {
  return new Pipeline(weights);
}
