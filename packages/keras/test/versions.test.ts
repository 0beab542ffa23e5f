/** @jest-environment ./test/shared-arrays-environment.mjs */
import { expect, test } from '@jest/globals';

import { loadModel } from '../src/index.js';
import { type ChainLayer, keras3Chain } from './support/keras3-chain.js';
import { writeHdf5 } from './support/write-model.js';

const SHAPE = [null, 4, 6, 1];

/** A chain of layers as Keras 3 writes it. */
const keras3 = (layers: readonly ChainLayer[]): unknown =>
  keras3Chain(
    SHAPE,
    layers.map((layer) => ({ ...layer, config: { trainable: true, ...layer.config } })),
  );

/** A chain of layers as Keras 2 writes it. */
const keras2 = (layers: readonly ChainLayer[]): unknown => ({
  class_name: 'Sequential',
  config: {
    name: 'model',
    layers: layers.map(({ className, config }, index) => ({
      class_name: className,
      config: {
        name: `layer_${index}`,
        trainable: true,
        batch_shape: SHAPE,
        batch_input_shape: SHAPE,
        ...config,
      },
    })),
  },
});

const image = { data: Float32Array.from({ length: 24 }, (_, at) => at), shape: [1, 4, 6, 1] };

async function outputOf(config: unknown, version: string): Promise<{ shape: number[]; data: number[] }> {
  await using model = await loadModel(await writeHdf5(config, version, []), { engine: 'onnxruntime' });
  const [output] = await model.predict([image]);
  return { shape: [...(output?.shape ?? [])], data: [...(output?.data ?? [])] };
}

const crop = { className: 'RandomCrop', config: { height: 2, width: 3 }, kwargs: { training: true } };

test('a RandomCrop of Keras 3 changes nothing at inference, although its call says training', async () => {
  expect(await outputOf(keras3([crop]), '3.15.1')).toEqual({ shape: [1, 4, 6, 1], data: [...image.data] });
});

test('a RandomCrop of Keras 2 resizes at inference', async () => {
  const { shape, data } = await outputOf(keras2([crop]), '2.12.0');
  expect(shape).toEqual([1, 2, 3, 1]);
  // The image has the ratio of the crop, so each number is the mean of four.
  expect(data).toEqual([3.5, 5.5, 7.5, 15.5, 17.5, 19.5]);
});

test('a Dropout that is called with training: true is refused by name', async () => {
  const dropout = { className: 'Dropout', config: { rate: 0.5 }, kwargs: { training: true } };
  const file = await writeHdf5(keras3([dropout]), '3.15.1', []);
  await expect(loadModel(file)).rejects.toThrow(/layer_0 \(Dropout\): it is called with training=True/u);
});

const quantized = (mode: string) => ({
  module: 'keras.dtype_policies',
  class_name: 'QuantizedDTypePolicy',
  config: { mode, source_name: 'float32' },
});

test('all layers are refused by name whose quantized weights cannot be run', async () => {
  const policies = {
    class_name: 'DTypePolicyMap',
    config: { default_policy: null, policy_map: { 'model/attention/query': quantized('int8') } },
  };
  const file = await writeHdf5(
    keras3([
      { className: 'Dense', config: { units: 2, dtype: quantized('gptq/4/128') } },
      { className: 'MultiHeadAttention', config: { num_heads: 1, key_dim: 2, dtype: policies } },
      {
        className: 'ReversibleEmbedding',
        config: { input_dim: 2, output_dim: 2, dtype: 'int8_from_float32' },
      },
    ]),
    '3.15.1',
    [],
  );
  const refusal = loadModel(file);
  await expect(refusal).rejects.toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_LAYER', layer: 'layer_0' });
  await expect(refusal).rejects.toThrow(
    /layer_0 \(Dense\): its weights are quantized \(gptq\).*layer_1 \(MultiHeadAttention\): .* \(int8\).*layer_2/u,
  );
});

test('a Softmax of Keras 3 with the mask of a step is refused, and one of Keras 2 has none', async () => {
  const layers = [
    { className: 'Reshape', config: { target_shape: [4, 6] } },
    { className: 'Masking', config: { mask_value: 0 } },
    { className: 'Softmax', config: { axis: -1 } },
  ];
  const sequential = (version: string) => writeHdf5(keras2(layers), version, []);
  await expect(loadModel(await sequential('3.15.1'))).rejects.toThrow(/a mask for each step/u);
  const { data } = await outputOf(keras2(layers), '2.4.0');
  expect(data.slice(0, 6).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
});
