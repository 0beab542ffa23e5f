import { EngineError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { DType, Numbers, WeightSlot } from '../graph/value.js';
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
   * Prepares a graph for running.
   *
   * @param weights The numbers of each weight that the graph needs.
   * @throws {EngineError} When the engine cannot build the graph.
   */
  build(
    graph: ModelGraph,
    weights: ReadonlyMap<WeightSlot, Numbers>,
    options: BuildOptions,
  ): Promise<Session>;
}

export interface BuildOptions {
  /**
   * Number of threads for one prediction. If it is absent, the engine chooses.
   *
   * @default undefined
   */
  threads?: number | undefined;
}

/** Numbers that go into an engine or come out of it. */
export interface EngineTensor {
  data: Numbers;
  shape: readonly number[];
  dtype: DType;
}

/** A graph with its weights, ready to run. */
export interface Session {
  /** Computes the outputs, in the order of the graph, from the inputs in the order of the graph. */
  run(inputs: readonly EngineTensor[]): Promise<EngineTensor[]>;
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
