import { EngineError } from '../errors.js';
import type { Graph, WeightSlot } from '../graph/graph.js';
import { reasonOf } from '../reason.js';

/** The engines, by the name that the option `engine` and `model.engine` use. */
export const ENGINE_NAMES = ['tfjs-node-gpu', 'onnxruntime', 'tfjs-node', 'wasm'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/** The npm package that brings each engine. */
export const ENGINE_PACKAGES = {
  'tfjs-node-gpu': '@tensorflow/tfjs-node-gpu',
  onnxruntime: 'onnxruntime-node',
  'tfjs-node': '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
} as const satisfies Record<EngineName, string>;

/** An engine that is loaded and can run graphs. */
export interface Engine {
  name: EngineName;
  /** Takes each weight as it comes, so that not all need to be in memory twice. */
  build(graph: Graph, weights: AsyncIterable<LoadedWeight>, options: BuildOptions): Promise<Session>;
}

export interface BuildOptions {
  /** Threads for one prediction; the engine's own choice when absent. */
  threads?: number | undefined;
}

export interface LoadedWeight {
  slot: WeightSlot;
  data: Float32Array;
}

/** A graph with its weights, ready to run. */
export interface Session {
  /** `data` holds `batch` (1 or more) inputs; resolves to as many outputs. */
  run(data: Float32Array, batch: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** For what goes wrong inside an engine while it builds; what goes wrong while weights are read passes as it is. */
export function buildFailure(engine: EngineName, cause: unknown): EngineError {
  return new EngineError(
    'ERR_KERAS_ENGINE_FAILED',
    engine,
    `${engine} cannot build the model: ${reasonOf(cause)}`,
    { cause },
  );
}
