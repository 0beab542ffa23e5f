import { types } from 'node:util';

import type { EngineName, Session } from './engines/engine.js';
import { DisposedError, EngineError, InputError, KerasError } from './errors.js';
import { firstNotFinite } from './first-not-finite.js';
import type { Graph } from './graph/graph.js';
import { reasonOf } from './reason.js';

/** Numbers with a shape. */
export interface Tensor {
  /** All numbers in row-major order: the index of the last dimension changes fastest. */
  data: Float32Array;
  /** Length of each dimension. */
  shape: readonly number[];
}

/** Name and shape of a model's input or output. */
export interface TensorInfo {
  /** Name of the input or output in the model. */
  name: string;
  /** Length of each dimension; `null` is the batch dimension, which may have any length. */
  shape: readonly (number | null)[];
}

/** A model that is loaded and ready to predict. */
export class Model implements AsyncDisposable {
  /** The inputs that `predict` takes, in this order. */
  readonly inputs: readonly TensorInfo[];
  /** The outputs that `predict` returns, in this order. */
  readonly outputs: readonly TensorInfo[];
  /** The engine that runs the model. */
  readonly engine: EngineName;

  readonly #graph: Graph;
  #state: { kind: 'ready'; session: Session } | { kind: 'disposed'; freed: Promise<void> };
  readonly #running = new Set<Promise<unknown>>();

  /** Only `loadModel` calls this. */
  constructor(graph: Graph, engine: EngineName, session: Session) {
    this.#graph = graph;
    this.#state = { kind: 'ready', session };
    this.engine = engine;
    this.inputs = [{ name: graph.input.name, shape: [null, ...graph.input.shape] }];
    this.outputs = [{ name: graph.output.name, shape: [null, ...graph.output.shape] }];
  }

  /**
   * Computes the outputs for a batch of examples. The computation blocks the event loop.
   *
   * @param inputs One tensor for each of `model.inputs`. VGG-16 has one input, of shape [n, rows, columns, channels].
   * `n` may be 0. Do not change the tensor until the promise settles.
   * @returns One tensor for each of `model.outputs`. VGG-16 has one output, of shape [n, classes].
   * @throws {InputError} When the inputs do not fit the model, or hold NaN or an infinite number.
   * @throws {DisposedError} When the model was disposed.
   * @throws {EngineError} When the engine fails, for example because it runs out of memory.
   */
  async predict(inputs: readonly Tensor[]): Promise<Tensor[]> {
    if (this.#state.kind === 'disposed') throw new DisposedError();
    const { data, batch } = checkInputs(inputs, this.#graph);
    const shape = [batch, ...this.#graph.output.shape];
    if (batch === 0) return [{ data: new Float32Array(0), shape }];

    const run = this.#state.session.run(data, batch).catch((cause: unknown) => {
      if (cause instanceof KerasError) throw cause;
      const reason = reasonOf(cause);
      throw new EngineError(
        'ERR_KERAS_ENGINE_FAILED',
        this.engine,
        `Engine ${this.engine} could not run the model: ${reason}`,
        { cause },
      );
    });
    this.#running.add(run);
    try {
      return [{ data: await run, shape }];
    } finally {
      this.#running.delete(run);
    }
  }

  /**
   * Predicts once for an input of zeros. Engines do much of their setup in the first prediction, so the next one is
   * faster.
   *
   * @throws {DisposedError} When the model was disposed.
   * @throws {EngineError} When the engine fails.
   */
  async warmUp(): Promise<void> {
    const shape = [1, ...this.#graph.input.shape];
    await this.predict([{ data: new Float32Array(elements(shape)), shape }]);
  }

  /**
   * Frees the model's memory as soon as its running predictions have ended. New predictions are rejected at once. It is
   * safe to call this more than once.
   */
  dispose(): Promise<void> {
    if (this.#state.kind === 'ready') {
      const { session } = this.#state;
      const freed = Promise.allSettled([...this.#running]).then(() => session.dispose());
      this.#state = { kind: 'disposed', freed };
    }
    return this.#state.freed;
  }

  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function checkInputs(inputs: readonly Tensor[], graph: Graph): { data: Float32Array; batch: number } {
  // The types do not bind callers in plain JavaScript, or inputs that come from another process.
  const given: unknown = inputs;
  if (!Array.isArray(given)) throw new InputError('inputs must be an array of tensors { data, shape }');
  const [tensor, ...more] = given as readonly unknown[];
  if (tensor === undefined || more.length > 0) {
    throw new InputError(`inputs must hold exactly 1 tensor (for ${graph.input.name}), not ${given.length}`);
  }
  const wrong = (reason: string) => new InputError(`Input 0 (${graph.input.name}): ${reason}`, 0);
  if (typeof tensor !== 'object' || tensor === null || !('data' in tensor) || !('shape' in tensor)) {
    throw wrong('it must be a tensor { data, shape }');
  }
  const { data, shape } = tensor;
  if (!types.isFloat32Array(data)) throw wrong('data must be a Float32Array');

  const expected = `(n, ${graph.input.shape.join(', ')})`;
  if (!isShape(shape)) throw wrong(`shape must be ${expected}, as an array of integers`);
  const [batch, ...example] = shape;
  if (batch === undefined || example.join() !== graph.input.shape.join()) {
    throw wrong(`shape must be ${expected}, not (${shape.join(', ')})`);
  }
  if (data.length !== elements(shape)) {
    throw wrong(`shape (${shape.join(', ')}) needs ${elements(shape)} numbers, but data has ${data.length}`);
  }
  const odd = firstNotFinite(data);
  // An engine would silently spread such a number over the whole output. The check costs 0.2 ms for an image.
  if (odd >= 0) {
    throw wrong(`data holds ${data[odd]} at index ${odd}; every number must be finite`);
  }
  return { data, batch };
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function isShape(value: unknown): value is readonly number[] {
  const isLength = (length: unknown) => Number.isSafeInteger(length) && Number(length) >= 0;
  return Array.isArray(value) && value.every(isLength);
}
