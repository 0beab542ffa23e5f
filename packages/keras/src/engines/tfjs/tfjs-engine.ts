import { types } from 'node:util';
import type { Tensor } from '@tensorflow/tfjs-core';
import { slotName } from '../../graph/graph.js';
import type { Engine, EngineName, LoadedWeight } from '../engine.js';
import { onBackend } from './backend.js';
import { runGraph, type TensorFlow } from './run-graph.js';

/** An engine on one backend of TensorFlow.js, which `startBackend` has started. */
export function tfjsEngine(name: EngineName, tf: TensorFlow, backend: string): Engine {
  return {
    name,
    async build(graph, weights) {
      const tensors = await upload(tf, backend, weights);
      return {
        run(data, batch) {
          return new Promise((resolve) => {
            resolve(
              onBackend(tf, backend, () => {
                const output = runGraph(
                  tf,
                  graph,
                  tensors,
                  tf.tensor(data, [batch, ...graph.input.shape], 'float32'),
                );
                const result = output.dataSync();
                output.dispose();
                if (!types.isFloat32Array(result)) throw new TypeError('TensorFlow.js gave no 32-bit floats');
                return result;
              }),
            );
          });
        },
        dispose() {
          free(tensors);
          return Promise.resolve();
        },
      };
    },
  };
}

async function upload(
  tf: TensorFlow,
  backend: string,
  weights: AsyncIterable<LoadedWeight>,
): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  try {
    for await (const { slot, data } of weights) {
      tensors.set(
        slotName(slot),
        onBackend(tf, backend, () => tf.tensor(data, [...slot.shape], 'float32')),
      );
    }
    return tensors;
  } catch (error) {
    free(tensors);
    throw error;
  }
}

function free(tensors: ReadonlyMap<string, Tensor>): void {
  for (const tensor of tensors.values()) tensor.dispose();
}
