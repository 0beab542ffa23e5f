/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { findPackage } from '../src/engines/find-package.js';
import { loadWasm } from '../src/engines/tfjs/load-wasm.js';
import type { TensorFlow } from '../src/engines/tfjs/tensorflow.js';
import { tfjsEngine } from '../src/engines/tfjs/tfjs-engine.js';
import { weightSlots } from '../src/graph/graph.js';
import { vgg16 } from '../src/graph/vgg16.js';
import { tinyImage } from './support/predicting.js';
import { tinyWeights } from './support/tiny-vgg.js';

const layers = [...tinyWeights()].map(([name, { bias }]) => ({ name, width: bias.shape[0] ?? 0 }));

test.each(['softmax', 'linear', 'relu'] as const)(
  'dense kernels in parts give the same output as whole kernels, with the last activation %s',
  async (activation) => {
    const found = findPackage('@tensorflow/tfjs-backend-wasm');
    if (found === undefined) throw new Error('the development dependencies are not installed');
    const whole = await loadWasm(found);
    const tf = found.require('@tensorflow/tfjs-core') as TensorFlow;
    const graph = vgg16({
      inputName: 'input',
      inputShape: [32, 32, 3],
      convolutions: layers.slice(0, 13),
      dense: layers.slice(13),
      activation,
    });
    async function* weights() {
      const all = tinyWeights();
      for (const slot of weightSlots(graph)) {
        await Promise.resolve();
        const data = all.get(slot.layer)?.[slot.role].data ?? new Float32Array();
        yield { slot, data };
      }
    }
    const outputs: number[][] = [];
    const tensors: number[] = [];
    // A row has three numbers: 12 bytes make parts of one row, 24 bytes make parts of two rows.
    for (const engine of [whole, tfjsEngine('wasm', tf, 'wasm', 12), tfjsEngine('wasm', tf, 'wasm', 24)]) {
      const session = await engine.build(graph, weights(), {});
      const batch = Float32Array.from([...tinyImage.data, ...tinyImage.data.map((value) => -value)]);
      outputs.push([...(await session.run(batch, 2))]);
      tensors.push(tf.memory().numTensors);
      await session.dispose();
      expect(tf.memory().numTensors).toBe(0);
    }
    const [expected = [], ...others] = outputs;
    expect(new Set(expected).size).toBeGreaterThan(2);
    for (const output of others) {
      for (const [index, value] of output.entries()) expect(value).toBeCloseTo(expected[index] ?? NaN, 5);
    }
    // The three dense kernels have 2, 3 and 3 rows. Each part after the first adds one tensor.
    expect(tensors).toEqual([32, 32 + 1 + 2 + 2, 32 + 0 + 1 + 1 + 1]);
  },
);
