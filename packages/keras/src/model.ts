import { types } from 'node:util';

import type { EngineName, EngineTensor, Session } from './engines/engine.js';
import { DisposedError, EngineError, InputError, KerasError } from './errors.js';
import { firstNotFinite } from './first-not-finite.js';
import type { ModelGraph, NamedValue } from './graph/model-graph.js';
import { type DType, publicShape, type Shape, showShape } from './graph/value.js';
import type { LayerSummary } from './layers/lower-model.js';
import { reasonOf } from './reason.js';

/** Numbers of a tensor. Booleans are 0 and 1. */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];

/** Numbers with a shape. */
export interface Tensor<Data extends TensorData = Float32Array> {
  /** All numbers in row-major order: the index of the last dimension changes fastest. */
  data: Data;
  /** Length of each dimension. */
  shape: readonly number[];
}

/** Name, shape and type of a model's input or output. */
export interface TensorInfo {
  /** Name of the input or output in the model. */
  name: string;
  /** Length of each dimension; `null` is one that may have any length, such as that of the batch. */
  shape: readonly (number | null)[];
  /** Type of the numbers: all floating-point types of Keras are float32 here. */
  dtype: DType;
}

/** A layer of a model. */
export interface LayerInfo {
  /** Name of the layer; that of a layer in a nested model is `outer/inner`. */
  name: string;
  /** As Keras names it, such as `Conv2D`. */
  className: string;
  /** Shape of its first output, at its first call. */
  outputShape: readonly (number | null)[];
}

/** Inputs of a model: a list in the order of `model.inputs`, or an object by their names. */
export type Inputs = readonly Tensor<TensorData>[] | Readonly<Record<string, Tensor<TensorData>>>;

/** The parts that `loadModel` makes of a file. */
export interface ModelParts {
  /** Computes the outputs of the model. */
  session: Session;
  /** Builds a session for the first outputs of the named layers. */
  featureSession: (names: readonly string[]) => Promise<Session>;
  /** In the order in which the model runs them. */
  layers: readonly LayerSummary[];
}

/** The graph of a model, for this package alone. */
export let graphOf: (model: Model) => ModelGraph;

/** A model that is loaded and ready to predict. */
export class Model implements AsyncDisposable {
  /** The inputs that `predict` takes, in this order. */
  readonly inputs: readonly TensorInfo[];
  /** The outputs that `predict` returns, in this order. */
  readonly outputs: readonly TensorInfo[];
  /** The layers in the order in which they compute, nested ones too. */
  readonly layers: readonly LayerInfo[];
  /** The engine that runs the model. */
  readonly engine: EngineName;

  readonly #graph: ModelGraph;
  #state: { kind: 'ready'; session: Session } | { kind: 'disposed'; freed: Promise<void> };
  readonly #running = new Set<Promise<unknown>>();
  readonly #summaries: ReadonlyMap<string, LayerSummary>;
  readonly #featureSession: (names: readonly string[]) => Promise<Session>;

  static {
    graphOf = (model) => model.#graph;
  }

  /** Sessions for the outputs of layers, by the list of their names. */
  readonly #features = new Map<string, Promise<Session>>();

  /** Only `loadModel` calls this. */
  constructor(graph: ModelGraph, engine: EngineName, { session, featureSession, layers }: ModelParts) {
    this.#graph = graph;
    this.#featureSession = featureSession;
    this.#state = { kind: 'ready', session };
    this.engine = engine;
    this.inputs = graph.inputs.map(infoOf);
    this.outputs = graph.outputs.map(infoOf);
    this.#summaries = new Map(layers.map((layer) => [layer.name, layer]));
    this.layers = layers.map(({ name, className, outputs }) => ({
      name,
      className,
      outputShape: publicShape(outputs[0]?.shape ?? []),
    }));
  }

  /**
   * Computes the outputs for a batch of examples. The computation blocks the event loop.
   *
   * @param inputs One tensor for each of `model.inputs`, in this order or by name. The batch may be of any size, also 0.
   * Do not change the tensors until the promise settles.
   * @returns One tensor for each of `model.outputs`. Their numbers are a `Float32Array`, unless `model.outputs` states
   * another type: then say so, as in `predict<Int32Array>(…)`.
   * @throws {InputError} When the inputs do not fit the model, or hold NaN or an infinite number.
   * @throws {DisposedError} When the model was disposed.
   * @throws {EngineError} When the engine fails, for example because it runs out of memory.
   */
  async predict<Data extends TensorData = Float32Array>(inputs: Inputs): Promise<Tensor<Data>[]> {
    if (this.#state.kind === 'disposed') throw new DisposedError();
    const { session } = this.#state;
    return this.#run<Data>(() => Promise.resolve(session), inputs, this.#graph.outputs);
  }

  /**
   * Computes the outputs of any layers, for example to compare images by what a network sees in them. The first call for
   * a list of layers reads the file again and builds a smaller model, which is kept until `dispose`.
   *
   * @param inputs The same as for `predict`.
   * @param layers Names as in `model.layers`.
   * @returns The first output of each of the layers, at its first call.
   * @throws {InputError} When the inputs do not fit the model, or there is no such layer.
   * @throws {ModelFileError} When the file cannot be read again.
   * @throws {DisposedError} When the model was disposed.
   * @throws {EngineError} When the engine fails.
   */
  async features<Data extends TensorData = Float32Array>(
    inputs: Inputs,
    layers: readonly string[],
  ): Promise<Tensor<Data>[]> {
    if (this.#state.kind === 'disposed') throw new DisposedError();
    const key = JSON.stringify(layers);
    const known = this.#features.get(key);
    const session = known ?? this.#featureSession(layers);
    if (known === undefined) {
      this.#features.set(key, session);
      // A failure must not be kept, since the next call may succeed.
      session.catch(() => this.#features.delete(key));
    }
    const outputs = layers
      .map((name) => this.#summaries.get(name)?.outputs[0])
      .filter((value) => value !== undefined);
    return this.#run<Data>(
      () => session,
      inputs,
      outputs.map((value) => ({ name: '', value })),
    );
  }

  async #run<Data extends TensorData>(
    ready: () => Promise<Session>,
    inputs: Inputs,
    outputs: readonly NamedValue[],
  ): Promise<Tensor<Data>[]> {
    const tensors = checkInputs(inputs, this.#graph.inputs);
    const run = this.#compute(ready, tensors, outputs).catch((cause: unknown) => {
      if (cause instanceof KerasError) throw cause;
      const reason = reasonOf(cause);
      throw new EngineError(
        'ERR_KERAS_ENGINE_FAILED',
        this.engine,
        `Engine ${this.engine} could not run the model: ${reason}`,
        {
          cause,
        },
      );
    });
    this.#running.add(run);
    try {
      // The caller says which type the outputs have, as `model.outputs` states it.
      return (await run) as Tensor<Data>[];
    } finally {
      this.#running.delete(run);
    }
  }

  async #compute(
    ready: () => Promise<Session>,
    inputs: readonly EngineTensor[],
    outputs: readonly NamedValue[],
  ): Promise<Tensor<TensorData>[]> {
    const session = await ready();
    if (inputs[0]?.shape[0] === 0) {
      return outputs.map(({ value }) => ({
        data: zerosOf(value.dtype, 0),
        shape: publicShape(value.shape).map((length, axis) => (axis === 0 ? 0 : (length ?? 0))),
      }));
    }
    const results = await session.run(inputs);
    return results.map(({ data, shape }) => ({ data, shape }));
  }

  /**
   * Predicts once for an input of zeros. Engines do much of their setup in the first prediction, so the next one is
   * faster. Dimensions of any length are taken as 1.
   *
   * @throws {DisposedError} When the model was disposed.
   * @throws {EngineError} When the engine fails.
   */
  async warmUp(): Promise<void> {
    await this.predict(
      this.inputs.map(({ shape, dtype }) => {
        const lengths = shape.map((length) => length ?? 1);
        return { data: zerosOf(dtype, elements(lengths)), shape: lengths };
      }),
    );
  }

  /**
   * Frees the model's memory as soon as its running predictions have ended. New predictions are rejected at once. It is
   * safe to call this more than once.
   */
  dispose(): Promise<void> {
    if (this.#state.kind === 'ready') {
      const { session } = this.#state;
      const freed = Promise.allSettled([...this.#running]).then(async () => {
        await session.dispose();
        const others = await Promise.allSettled(this.#features.values());
        await Promise.all(
          others.flatMap((other) => (other.status === 'fulfilled' ? [other.value.dispose()] : [])),
        );
      });
      this.#state = { kind: 'disposed', freed };
    }
    return this.#state.freed;
  }

  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function infoOf({ name, value }: NamedValue): TensorInfo {
  return { name, shape: publicShape(value.shape), dtype: value.dtype };
}

function zerosOf(dtype: DType, length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'bool':
      return new Uint8Array(length);
    case 'string':
      return Array<string>(length).fill('');
  }
}

function checkInputs(inputs: Inputs, expected: readonly NamedValue[]): EngineTensor[] {
  // The types do not bind callers in plain JavaScript, or inputs that come from another process.
  const given: unknown = inputs;
  const names = expected.map(({ name }) => name).join(', ');
  const isTensor = typeof given === 'object' && given !== null && 'data' in given && 'shape' in given;
  if (typeof given !== 'object' || given === null || isTensor) {
    throw new InputError('inputs must be an array of tensors { data, shape }, or an object of them by name');
  }
  if (!Array.isArray(given)) {
    const entries: Readonly<Record<string, unknown>> = { ...given };
    for (const name of Object.keys(entries)) {
      if (!expected.some((input) => input.name === name))
        throw new InputError(`the model has no input ${name}. Its inputs are ${names}`);
    }
    return expected.map((input, index) => checkInput(entries[input.name], input, index));
  }
  const list: readonly unknown[] = given;
  if (list.length !== expected.length) {
    throw new InputError(
      `inputs must hold exactly ${expected.length} tensor${expected.length === 1 ? '' : 's'} (for ${names}), not ${list.length}`,
    );
  }
  return expected.map((input, index) => checkInput(list[index], input, index));
}

function checkInput(tensor: unknown, { name, value }: NamedValue, index: number): EngineTensor {
  const wrong = (reason: string) => new InputError(`Input ${index} (${name}): ${reason}`, index);
  if (typeof tensor !== 'object' || tensor === null || !('data' in tensor) || !('shape' in tensor)) {
    throw wrong('it must be a tensor { data, shape }');
  }
  const { data, shape } = tensor;
  const expected = showShape(
    ['n', ...value.shape.slice(1)].map((length) => (typeof length === 'string' ? null : length)),
  );
  const shown = expected.replace('?', 'n');
  if (!isShape(shape)) throw wrong(`shape must be ${shown}, as an array of integers`);
  if (shape.length !== value.shape.length || !fitsShape(shape, value.shape)) {
    throw wrong(`shape must be ${shown}, not (${shape.join(', ')})`);
  }
  const numbers = toNumbers(data, value.dtype);
  if (typeof numbers === 'string') throw wrong(numbers);
  if (numbers.length !== elements(shape)) {
    throw wrong(
      `shape (${shape.join(', ')}) needs ${elements(shape)} numbers, but data has ${numbers.length}`,
    );
  }
  if (numbers instanceof Float32Array) {
    const odd = firstNotFinite(numbers);
    // An engine would silently spread such a number over the whole output. The check costs 0.2 ms for an image.
    if (odd >= 0) throw wrong(`data holds ${numbers[odd]} at index ${odd}; every number must be finite`);
  }
  return { data: numbers, shape, dtype: value.dtype };
}

function fitsShape(shape: readonly number[], expected: Shape): boolean {
  return expected.every((length, axis) => typeof length !== 'number' || length === shape[axis]);
}

/** Brings numbers to the type of an input, if they are of it. Returns what is wrong as a text. */
function toNumbers(data: unknown, dtype: DType): EngineTensor['data'] | string {
  switch (dtype) {
    case 'float32':
      return types.isFloat32Array(data) ? data : 'data must be a Float32Array';
    case 'int32':
      if (types.isInt32Array(data)) return data;
      return types.isFloat32Array(data) && data.every(Number.isInteger)
        ? Int32Array.from(data)
        : 'data must be an Int32Array';
    case 'int64':
      if (types.isBigInt64Array(data)) return data;
      return types.isInt32Array(data)
        ? BigInt64Array.from(data, BigInt)
        : 'data must be a BigInt64Array or an Int32Array';
    case 'bool':
      if (types.isUint8Array(data)) return data;
      return types.isFloat32Array(data)
        ? Uint8Array.from(data, (one) => (one === 0 ? 0 : 1))
        : 'data must be a Uint8Array of 0 and 1';
    case 'string':
      return Array.isArray(data) && data.every((text) => typeof text === 'string')
        ? data
        : 'data must be an array of texts';
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function isShape(value: unknown): value is readonly number[] {
  const isLength = (length: unknown) => Number.isSafeInteger(length) && Number(length) >= 0;
  return Array.isArray(value) && value.every(isLength);
}
