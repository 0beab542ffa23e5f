import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';

import type { Tensor } from '@tensorflow/tfjs-core';

import { Constants } from '../../graph/evaluate.js';
import { foldFactors } from '../../graph/fold-factors.js';
import { inputsOf } from '../../graph/inputs.js';
import type { ModelGraph } from '../../graph/model-graph.js';
import type { DType, Numbers, Value } from '../../graph/value.js';
import { buildFailure, type Engine, type EngineName, type EngineTensor, type Session } from '../engine.js';
import { onBackend } from './backend.js';
import { toInt32 } from './int64.js';
import { constantResults, type Plan, planGraph } from './plan.js';
import { rowParts } from './row-parts.js';
import { runGraph } from './run-graph.js';
import type { TensorFlow } from './tensorflow.js';
import { tfType } from './types.js';

/**
 * An engine on a TensorFlow.js backend that `startBackend` has started.
 *
 * @param partBytes Size in bytes of the largest matrix that is copied in one piece. A larger one is split, so that its
 * copy does not block the event loop for long.
 */
export function tfjsEngine(name: EngineName, tf: TensorFlow, backend: string, partBytes = Infinity): Engine {
  return {
    name,
    async build(given, weights) {
      const constants = new Constants((slot) => weights.get(slot) ?? new Float32Array(0));
      const graph = foldFactors(given, constants);
      const tensors = new Map<Value, Tensor[]>();
      const dispose = () => {
        for (const tensor of [...tensors.values()].flat()) tensor.dispose();
        tensors.clear();
      };
      try {
        await computeConstants(tf, backend, graph, constants, tensors);
        const plan = planGraph(
          graph.outputs.map(({ value }) => value),
          (value) => tensors.has(value) || constants.has(value),
        );
        const needed = constantsOf(plan, (value) => !tensors.has(value) && constants.has(value));
        await upload(tf, backend, constants, needed, tensors, (value) =>
          isOnlyFactor(value, plan) ? partBytes : Infinity,
        );
        return session(tf, backend, { graph, plan, tensors, dispose });
      } catch (cause) {
        dispose();
        throw buildFailure(name, cause);
      }
    },
  };
}

/**
 * Runs all operations that depend on weights and literals only, and that `Constants` cannot compute. Keeps what the
 * rest of the graph reads.
 */
async function computeConstants(
  tf: TensorFlow,
  backend: string,
  graph: ModelGraph,
  constants: Constants,
  tensors: Map<Value, Tensor[]>,
): Promise<void> {
  const results = constantResults(graph, (value) => constants.has(value));
  if (results.length === 0) return;
  const plan = planGraph(results, (value) => constants.has(value));
  const temporary = new Map<Value, Tensor[]>();
  try {
    await upload(
      tf,
      backend,
      constants,
      constantsOf(plan, (value) => constants.has(value)),
      temporary,
    );
    const computed = onBackend(tf, backend, () => runGraph(tf, plan, temporary, new Map()));
    for (const [index, tensor] of computed.entries()) {
      const value = results[index];
      if (value !== undefined) tensors.set(value, [tensor]);
    }
  } finally {
    for (const tensor of [...temporary.values()].flat()) tensor.dispose();
  }
}

/** Copies constants to the backend, and lets the event loop run after each copy. */
async function upload(
  tf: TensorFlow,
  backend: string,
  constants: Constants,
  values: Iterable<Value>,
  tensors: Map<Value, Tensor[]>,
  partBytesOf: (value: Value) => number = () => Infinity,
): Promise<void> {
  for (const value of values) {
    const { data, shape } = constants.get(value);
    const parts: Tensor[] = [];
    tensors.set(value, parts);
    const splits = data instanceof Float32Array && data.byteLength > partBytesOf(value);
    for (const part of splits ? rowParts(data, shape, partBytesOf(value)) : [{ data, shape }]) {
      parts.push(onBackend(tf, backend, () => toTensor(tf, part.data, part.shape, value.dtype)));
      await setImmediate();
    }
  }
}

interface Built {
  graph: ModelGraph;
  plan: Plan;
  tensors: ReadonlyMap<Value, readonly Tensor[]>;
  dispose: () => void;
}

function session(tf: TensorFlow, backend: string, { graph, plan, tensors, dispose }: Built): Session {
  return {
    // `async` turns an exception of the synchronous work into a rejection.
    // eslint-disable-next-line @typescript-eslint/require-await -- see above
    run: async (inputs) =>
      onBackend(tf, backend, () => {
        const given = new Map<Value, Tensor>();
        for (const [index, { value }] of graph.inputs.entries()) {
          const input = inputs[index];
          if (input !== undefined) given.set(value, toTensor(tf, input.data, input.shape, input.dtype));
        }
        let outputs: Tensor[] = [];
        try {
          outputs = runGraph(tf, plan, tensors, given);
          return outputs.map((tensor, index) =>
            toResult(tensor, graph.outputs[index]?.value.dtype ?? 'float32'),
          );
        } finally {
          for (const tensor of [...given.values(), ...outputs]) tensor.dispose();
        }
      }),
    dispose() {
      dispose();
      return Promise.resolve();
    },
  };
}

/** The constants that the planned operations read, or that are outputs themselves. */
function constantsOf({ main, bodies }: Plan, isConstant: (value: Value) => boolean): Set<Value> {
  const blocks = [main, ...bodies.values()];
  const read = blocks.flatMap(({ steps, results }) => [
    ...steps.flatMap(({ operation }) => inputsOf(operation)),
    ...results,
  ]);
  return new Set(read.filter(isConstant));
}

/** Whether a value is a matrix that only products read: then it may be in parts. */
function isOnlyFactor(value: Value, { main, bodies }: Plan): boolean {
  const blocks = [main, ...bodies.values()];
  if (value.shape.length !== 2 || blocks.some(({ results }) => results.includes(value))) return false;
  return blocks
    .flatMap(({ steps }) => steps.map(({ operation }) => operation))
    .filter((operation) => inputsOf(operation).includes(value))
    .every((operation) => operation.op === 'matMul' && operation.b === value && operation.a !== value);
}

function toTensor(tf: TensorFlow, data: Numbers, shape: readonly number[], dtype: DType): Tensor {
  const values = types.isBigInt64Array(data) ? toInt32(data) : data;
  return tf.tensor(ArrayBuffer.isView(values) ? values : [...values], [...shape], tfType(dtype));
}

/** Copies the numbers, because a backend may return the very memory of an input or a weight. */
function toResult(tensor: Tensor, dtype: DType): EngineTensor {
  const { shape } = tensor;
  switch (dtype) {
    case 'float32':
      return { data: Float32Array.from(tensor.dataSync<'float32'>()), shape, dtype };
    case 'int32':
      return { data: Int32Array.from(tensor.dataSync<'int32'>()), shape, dtype };
    case 'int64':
      return { data: BigInt64Array.from(tensor.dataSync<'int32'>(), BigInt), shape, dtype };
    case 'bool':
      return { data: Uint8Array.from(tensor.dataSync<'bool'>()), shape, dtype };
    case 'string':
      return { data: [...tensor.dataSync<'string'>()], shape, dtype };
  }
}
