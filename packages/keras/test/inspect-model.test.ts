/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { inspectModel, loadModel } from '../src/index.js';
import { fixture } from './support/files.js';
import { writeHdf5 } from './support/write-model.js';

/** A model that reshapes four numbers to seven dimensions, which is one more than TensorFlow.js computes with. */
async function writeDeep(): Promise<string> {
  const layer = (className: string, config: Readonly<Record<string, unknown>>) => ({
    class_name: className,
    config,
  });
  const config = layer('Sequential', {
    name: 'model',
    layers: [
      layer('InputLayer', { name: 'x', batch_input_shape: [null, 4], dtype: 'float32' }),
      layer('Dropout', { name: 'drop', rate: 0.5 }),
      layer('Reshape', { name: 'deep', target_shape: [1, 1, 1, 1, 2, 2] }),
      layer('Activation', { name: 'last', activation: 'relu' }),
    ],
  });
  return writeHdf5(config, '2.15.0', []);
}

test('tells for each layer which engines cannot run it, and why', async () => {
  const file = await writeDeep();
  const report = await inspectModel(file);
  const few = 'its operations take 6 dimensions or fewer';
  const refusedBy = { 'tfjs-node-gpu': few, 'tfjs-node': few, wasm: few };
  expect(report).toMatchObject({
    keras: '2.15.0',
    inputs: [{ name: 'x', shape: [null, 4], dtype: 'float32' }],
    outputs: [{ shape: [null, 1, 1, 1, 1, 2, 2] }],
    engines: ['onnxruntime'],
    problems: [],
  });
  expect(report.layers).toEqual([
    { name: 'x', className: 'InputLayer', verdict: 'identity' },
    { name: 'drop', className: 'Dropout', verdict: 'identity' },
    { name: 'deep', className: 'Reshape', verdict: 'runs', refusedBy },
    { name: 'last', className: 'Activation', verdict: 'runs', refusedBy },
  ]);
  await expect(loadModel(file, { engine: 'wasm' })).rejects.toThrow(
    /deep \(reshape\): its operations take 6/u,
  );
  await using model = await loadModel(file);
  expect(model.engine).toBe('onnxruntime');
});

test('a model that every engine runs lists all of them', async () => {
  const { engines, layers } = await inspectModel(fixture('vgg16_small.h5'), { architecture: 'vgg16' });
  expect(engines).toEqual(['tfjs-node-gpu', 'onnxruntime', 'tfjs-node', 'wasm']);
  expect(layers.filter(({ refusedBy }) => refusedBy !== undefined)).toEqual([]);
});
