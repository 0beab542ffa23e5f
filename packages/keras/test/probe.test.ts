/** @jest-environment ./test/shared-arrays-environment.mjs */
import { test, expect } from '@jest/globals';
import { loadModel } from '../src/index.js';
test.each(['onnxruntime','wasm'] as const)('%s', async (engine) => {
  await using m = await loadModel('../shared/models/fashion-vgg16/fashion_vgg16.h5', { architecture: 'vgg16', engine });
  const [y] = await m.predict([{ data: new Float32Array(32*32*3), shape: [1,32,32,3] }]);
  expect(y?.shape).toEqual([1, 10]);
});
