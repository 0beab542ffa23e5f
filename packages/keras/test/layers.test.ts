/** @jest-environment ./test/shared-arrays-environment.mjs */
import '@tensorflow/tfjs-backend-wasm';

import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';

import { onnxruntimeEngine } from '../src/engines/onnxruntime/onnxruntime-engine.js';
import { startBackend } from '../src/engines/tfjs/backend.js';
import { tfjsEngine } from '../src/engines/tfjs/tfjs-engine.js';
import { differences, modelCases, outputsOn, prepare, refusalsOn } from './support/model-cases.js';

const cases = ['layers.json', 'operations-each.json']
  .flatMap(modelCases)
  .map((one, index) => [`${one.name} ${index}`, one] as const);

const engine = tfjsEngine('wasm', tf, 'wasm');
beforeAll(() => startBackend(tf, 'wasm'));

test.each(cases)('ONNX Runtime computes what Keras computes: %s', async (_, one) => {
  const outputs = await outputsOn(onnxruntimeEngine(ort), await prepare(one));
  expect(differences(outputs, one, 2e-5)).toEqual([]);
});

test.each(cases)('TensorFlow.js computes it too, or says why not: %s', async (_, one) => {
  const prepared = await prepare(one);
  if (refusalsOn(engine, prepared).length > 0) return;
  expect(differences(await outputsOn(engine, prepared), one, 1e-4)).toEqual([]);
});
