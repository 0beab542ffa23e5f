import { EngineError } from '../errors.js';
import type { Graph, WeightSlot } from '../graph/graph.js';
import { reasonOf } from '../reason.js';

/** The names of all engines. */
export const ENGINE_NAMES = ['tfjs-node-gpu', 'onnxruntime', 'tfjs-node', 'wasm'] as const;

/** The name of an engine, as in the option `engine` and in `model.engine`. */
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The npm package of each engine. */
export const ENGINE_PACKAGES = {
  'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu',
  onnxruntime: 'onnxruntime-node',
  'tfjs-node': '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
} as const satisfies Record<EngineName, string>;

/** A loaded engine. */
export interface Engine {
  name: EngineName;
  /**
   * Prepares a graph for running. Takes the weights one by one, so that not all of them are in memory twice.
   *
   * @throws {EngineError} When the engine cannot build the graph.
   */
  build(graph: Graph, weights: AsyncIterable<LoadedWeight>, options: BuildOptions): Promise<Session>;
}

export interface BuildOptions {
  /**
   * Number of threads for one prediction. If it is absent, the engine chooses.
   *
   * @default undefined
   */
  threads?: number | undefined;
}

/** A weight in memory. */
export interface LoadedWeight {
  slot: WeightSlot;
  /** All numbers of `slot.shape`, in row-major order. */
  data: Float32Array;
}

/** A graph with its weights, ready to run. */
export interface Session {
  /**
   * Computes one output for each input.
   *
   * @param data The inputs, one after the other.
   * @param batch Number of inputs, 1 or more.
   * @returns The outputs, one after the other.
   */
  run(data: Float32Array, batch: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Wraps a failure of the engine itself. Errors from reading the weights need no wrapper: they say what is wrong. */
export function buildFailure(engine: EngineName, cause: unknown): EngineError {
  return new EngineError(
    'ERR_KERAS_ENGINE_FAILED',
    engine,
    `Engine ${engine} could not build the model: ${reasonOf(cause)}`,
    { cause },
  );
}
