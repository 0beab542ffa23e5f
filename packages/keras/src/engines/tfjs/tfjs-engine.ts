import { setImmediate } from 'node:timers/promises';
import { types } from 'node:util';

import type { Tensor } from '@tensorflow/tfjs-core';

import { type Graph, slotName, type WeightSlot } from '../../graph/graph.js';
import { buildFailure, type Engine, type EngineName } from '../engine.js';
import { onBackend } from './backend.js';
import { rowParts } from './dense-parts.js';
import { runGraph, type WeightTensors } from './run-graph.js';
import type { TensorFlow } from './tensorflow.js';

/**
 * An engine on a TensorFlow.js backend that `startBackend` has started.
 *
 * @param partBytes Size in bytes of the largest dense kernel that is copied in one piece. A larger kernel is split, so
 * that its copy does not block the event loop for long.
 */
export function tfjsEngine(name: EngineName, tf: TensorFlow, backend: string, partBytes = Infinity): Engine {
  return {
    name,
    async build(graph, weights) {
      const tensors = new Map<string, Tensor[]>();
      const dispose = () => {
        for (const tensor of [...tensors.values()].flat()) tensor.dispose();
        tensors.clear();
      };
      const upload = (data: Float32Array, shape: readonly number[]) => {
        try {
          return onBackend(tf, backend, () => tf.tensor(data, [...shape], 'float32'));
        } catch (cause) {
          throw buildFailure(name, cause);
        }
      };
      try {
        for await (const { slot, data } of weights) {
          const parts: Tensor[] = [];
          tensors.set(slotName(slot), parts);
          for (const part of partsOf(slot, data, partBytes)) {
            parts.push(upload(part.data, part.shape));
            await setImmediate();
          }
        }
      } catch (error) {
        dispose();
        throw error;
      }
      return {
        // `async` turns an exception of the synchronous work into a rejection.
        // eslint-disable-next-line @typescript-eslint/require-await -- see above
        run: async (data, batch) => onBackend(tf, backend, () => run(tf, graph, tensors, data, batch)),
        dispose() {
          dispose();
          return Promise.resolve();
        },
      };
    },
  };
}

function partsOf({ shape }: WeightSlot, data: Float32Array, partBytes: number) {
  return shape.length === 2 ? rowParts(data, shape, partBytes) : [{ data, shape }];
}

function run(
  tf: TensorFlow,
  graph: Graph,
  weights: WeightTensors,
  data: Float32Array,
  batch: number,
): Float32Array {
  const output = runGraph(tf, graph, weights, tf.tensor(data, [batch, ...graph.input.shape], 'float32'));
  try {
    const result = output.dataSync();
    if (!types.isFloat32Array(result))
      throw new TypeError('TensorFlow.js returned an output that is not a Float32Array');
    return result;
  } finally {
    output.dispose();
  }
}
