import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';

import type { Tensor } from '@tensorflow/tfjs-core';

import { Constants } from '../../graph/evaluate.js';
import { foldFactors } from '../../graph/fold-factors.js';
import { inputsOf } from '../../graph/inputs.js';
import { type ModelGraph, operationsOf } from '../../graph/model-graph.js';
import type { DType, Numbers, Value } from '../../graph/value.js';
import { buildFailure, type Engine, type EngineName, type EngineTensor, type Session } from '../engine.js';
import { onBackend } from './backend.js';
import { type Plan, planGraph } from './plan.js';
import { refusal } from './refusal.js';
import { rowParts } from './row-parts.js';
import { runGraph } from './run-graph.js';
import { tfType } from './run-operation.js';
import type { TensorFlow } from './tensorflow.js';

/**
 * An engine on a TensorFlow.js backend that `startBackend` has started.
 *
 * @param partBytes Size in bytes of the largest matrix that is copied in one piece. A larger one is split, so that its
 * copy does not block the event loop for long.
 */
export function tfjsEngine(name: EngineName, tf: TensorFlow, backend: string, partBytes = Infinity): Engine {
  return {
    name,
    refusals: (graph) =>
      operationsOf(graph.outputs.map(({ value }) => value)).flatMap((operation) => {
        const reason = refusal(operation);
        return reason === undefined ? [] : [{ operation, reason }];
      }),
    async build(given, weights) {
      const constants = new Constants((slot) => weights.get(slot) ?? new Float32Array(0));
      const graph = foldFactors(given, constants);
      const plan = planGraph(
        graph.outputs.map(({ value }) => value),
        (value) => constants.has(value),
      );
      const tensors = new Map<Value, Tensor[]>();
      const dispose = () => {
        for (const tensor of [...tensors.values()].flat()) tensor.dispose();
        tensors.clear();
      };
      try {
        for (const value of constantsOf(plan, constants)) {
          const { data, shape } = constants.get(value);
          const parts: Tensor[] = [];
          tensors.set(value, parts);
          for (const part of partsOf(data, shape, value, plan, partBytes)) {
            parts.push(onBackend(tf, backend, () => toTensor(tf, part.data, part.shape, value.dtype)));
            await setImmediate();
          }
        }
      } catch (cause) {
        dispose();
        throw buildFailure(name, cause);
      }
      return session(tf, backend, { graph, plan, tensors, dispose });
    },
  };
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
function constantsOf({ main, bodies }: Plan, constants: Constants): Set<Value> {
  const blocks = [main, ...bodies.values()];
  const read = blocks.flatMap(({ steps, results }) => [
    ...steps.flatMap(({ operation }) => inputsOf(operation)),
    ...results,
  ]);
  return new Set(read.filter((value) => constants.has(value)));
}

/** Only a matrix that nothing but products reads may be in parts. */
function partsOf(
  data: Numbers,
  shape: readonly number[],
  value: Value,
  { main, bodies }: Plan,
  partBytes: number,
) {
  const whole = [{ data, shape }];
  if (!(data instanceof Float32Array) || shape.length !== 2 || data.byteLength <= partBytes) return whole;
  const readers = [main, ...bodies.values()].flatMap(({ steps }) =>
    steps.map(({ operation }) => operation).filter((operation) => inputsOf(operation).includes(value)),
  );
  const factor = readers.every(
    (operation) => operation.op === 'matMul' && operation.b === value && operation.a !== value,
  );
  return factor ? [...rowParts(data, shape, partBytes)] : whole;
}

function toTensor(tf: TensorFlow, data: Numbers, shape: readonly number[], dtype: DType): Tensor {
  const values = types.isBigInt64Array(data) ? Int32Array.from(data, Number) : data;
  return tf.tensor(ArrayBuffer.isView(values) ? values : [...values], [...shape], tfType(dtype));
}

function toResult(tensor: Tensor, dtype: DType): EngineTensor {
  const data = tensor.dataSync();
  const { shape } = tensor;
  switch (dtype) {
    case 'int64':
      return { data: BigInt64Array.from(Array.from(data, BigInt)), shape, dtype };
    case 'bool':
      return { data: Uint8Array.from(data), shape, dtype };
    case 'int32':
      return { data: Int32Array.from(data), shape, dtype };
    default:
      return { data: types.isFloat32Array(data) ? data : Float32Array.from(data), shape, dtype };
  }
}
