import { expect } from '@jest/globals';

import { loadModel, type LoadOptions, type Tensor } from '../../src/index.js';

/** The engines that every test machine can run. */
export const ENGINES = ['onnxruntime', 'wasm'] as const;

export async function predictWith(
  file: string,
  input: Tensor,
  options: Partial<LoadOptions> = {},
): Promise<Float32Array> {
  await using model = await loadModel(file, { architecture: 'vgg16', engine: 'onnxruntime', ...options });
  const [output] = await model.predict([input]);
  if (output === undefined) throw new Error('the model returned no output');
  return output.data;
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, index) => Math.abs(value - (b[index] ?? NaN))));
}

/** An image for the tiny network: 32×32 pixels with many different values. */
export const tinyImage: Tensor = {
  data: Float32Array.from({ length: 32 * 32 * 3 }, (_, index) => ((index * 37) % 101) / 50 - 1),
  shape: [1, 32, 32, 3],
};
