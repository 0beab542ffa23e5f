import { types } from 'node:util';

import type { EngineName, Session } from './engines/engine.js';
import { DisposedError, EngineError, InputError, KerasError } from './errors.js';
import { firstNotFinite } from './first-not-finite.js';
import type { Graph } from './graph/graph.js';
import { reasonOf } from './reason.js';

/** Numbers with a shape: rows of the last dimension follow each other. */
export interface Tensor {
  data: Float32Array;
  shape: readonly number[];
}

/** An input or output of a model. `null` is the batch dimension: any number of examples. */
export interface TensorInfo {
  name: string;
  shape: readonly (number | null)[];
}

/** A model that is loaded and ready to predict. */
export class Model implements AsyncDisposable {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** The engine that runs the model. */
  readonly engine: EngineName;

  readonly #graph: Graph;
  #state: { kind: 'ready'; session: Session } | { kind: 'disposed'; freed: Promise<void> };
  readonly #running = new Set<Promise<unknown>>();

  /** Made by `loadModel`. */
  constructor(graph: Graph, engine: EngineName, session: Session) {
    this.#graph = graph;
    this.#state = { kind: 'ready', session };
    this.engine = engine;
    this.inputs = [{ name: graph.input.name, shape: [null, ...graph.input.shape] }];
    this.outputs = [{ name: graph.output.name, shape: [null, ...graph.output.shape] }];
  }

  /**
   * Computes the outputs for a batch of examples. The computation blocks the event loop for as long as it takes.
   *
   * @param inputs One tensor for each of `model.inputs`; for VGG-16 one of shape [n, rows, columns, channels]. It must
   * not change until the promise settles. `n` may be 0.
   * @returns One tensor for each of `model.outputs`; for VGG-16 one of shape [n, classes].
   * @throws {InputError} The inputs do not fit, or hold NaN or an infinite number. @throws {DisposedError} After `dispose()`.
   * @throws {EngineError} The engine failed, for example for lack of memory.
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
        `${this.engine} failed while it predicted: ${reason}`,
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

  /** Predicts once for an input of zeros: engines set up much at their first prediction. */
  async warmUp(): Promise<void> {
    const shape = [1, ...this.#graph.input.shape];
    await this.predict([{ data: new Float32Array(elements(shape)), shape }]);
  }

  /** Frees the model's memory when running predictions have ended; the model cannot be used after it. */
  dispose(): Promise<void> {
    if (this.#state.kind === 'ready') {
      const { session } = this.#state;
      const freed = Promise.allSettled([...this.#running]).then(() => session.dispose());
      this.#state = { kind: 'disposed', freed };
    }
    return this.#state.freed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function checkInputs(inputs: readonly Tensor[], graph: Graph): { data: Float32Array; batch: number } {
  // Callers in plain JavaScript, or on the other side of a process boundary, are not held by the types.
  const given: unknown = inputs;
  if (!Array.isArray(given)) throw new InputError('The inputs must be an array of tensors { data, shape }');
  const [tensor, ...more] = given as readonly unknown[];
  if (tensor === undefined || more.length > 0) {
    throw new InputError(`The model has 1 input (${graph.input.name}); ${given.length} were given`);
  }
  const wrong = (reason: string) => new InputError(`Input 0 (${graph.input.name}) ${reason}`, 0);
  if (typeof tensor !== 'object' || tensor === null || !('data' in tensor) || !('shape' in tensor)) {
    throw wrong('is not a tensor { data, shape }');
  }
  const { data, shape } = tensor;
  if (!types.isFloat32Array(data)) throw wrong('must have its data in a Float32Array');

  const expected = `(n, ${graph.input.shape.join(', ')})`;
  if (!isShape(shape)) throw wrong(`must have a shape ${expected}, given as an array of integers`);
  const [batch, ...example] = shape;
  if (batch === undefined || example.join() !== graph.input.shape.join()) {
    throw wrong(`must have shape ${expected}; it has (${shape.join(', ')})`);
  }
  if (data.length !== elements(shape)) {
    throw wrong(`has ${data.length} numbers; its shape (${shape.join(', ')}) needs ${elements(shape)}`);
  }
  const odd = firstNotFinite(data);
  // An engine would turn it into NaN everywhere in the output, without a word. Looking costs 0.2 ms for an image.
  if (odd >= 0) {
    throw wrong(`holds ${data[odd]} at index ${odd} of its data; every number must be finite`);
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
