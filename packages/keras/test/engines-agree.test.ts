/** @jest-environment ./test/shared-arrays-environment.mjs */
import '@tensorflow/tfjs-backend-wasm';

import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

import type { Engine, EngineTensor } from '../src/engines/engine.js';
import { onnxruntimeEngine } from '../src/engines/onnxruntime/onnxruntime-engine.js';
import { refusalsOf } from '../src/engines/refusals.js';
import { startBackend } from '../src/engines/tfjs/backend.js';
import { tfjsEngine } from '../src/engines/tfjs/tfjs-engine.js';
import { toGraph } from './support/case-graph.js';
import { CASES } from './support/operation-cases.js';

const reference = onnxruntimeEngine(ort);
const engine = tfjsEngine('wasm', tf, 'wasm');

beforeAll(() => startBackend(tf, 'wasm'));

async function outputsOf(
  on: Engine,
  { graph, weights, inputs }: ReturnType<typeof toGraph>,
): Promise<EngineTensor[]> {
  const session = await on.build(graph, weights, {});
  try {
    return await session.run(inputs);
  } finally {
    await session.dispose();
  }
}

describe.each(Object.entries(CASES))('%s: TensorFlow.js agrees with ONNX Runtime', (_, cases) => {
  test.each(cases)('$name', async ({ given, make, tolerance = 1e-5, refused }) => {
    const graph = toGraph(given, make);
    const reasons = refusalsOf('wasm', graph.graph).map(({ reason }) => reason);
    expect(reasons.join()).toMatch(refused ?? /^$/u);
    if (refused !== undefined) return;
    const before = tf.memory().numTensors;
    const [expected, actual] = [await outputsOf(reference, graph), await outputsOf(engine, graph)];
    expect(tf.memory().numTensors).toBe(before);
    expect(actual.map(({ shape, dtype }) => ({ shape: [...shape], dtype }))).toEqual(
      expected.map(({ shape, dtype }) => ({ shape: [...shape], dtype })),
    );
    for (const [index, { data, dtype }] of expected.entries()) {
      const own = actual[index]?.data ?? [];
      if (dtype !== 'float32') {
        expect(own).toEqual(data);
        continue;
      }
      const numbers = Array.from(data, Number);
      const finite = numbers.filter((number) => Number.isFinite(number)).map(Math.abs);
      const scale = given.some((one) => one.data.some((number) => !Number.isFinite(number)))
        ? 1
        : Math.max(1e-3, ...finite);
      const wrong = numbers.flatMap((wanted, at) => {
        const number = Number(own[at]);
        const close =
          Object.is(number, wanted) ||
          number === wanted ||
          Math.abs(number - wanted) <= tolerance * Math.max(scale, Math.abs(wanted));
        return close ? [] : [`${index}[${at}] is ${number}, not ${wanted}`];
      });
      expect(wrong).toEqual([]);
    }
  });
});
