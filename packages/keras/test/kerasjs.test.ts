/** @jest-environment ./test/shared-arrays-environment.mjs */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from '@jest/globals';
import { File, type Group, ready } from 'h5wasm/node';

import { loadModel } from '../src/index.js';
import { sharedFile, temporaryDirectory, testWithShared } from './support/files.js';

interface TensorJson {
  data: number[];
  shape: number[];
}

interface LayerJson {
  name: string;
  class_name: string;
  config: Record<string, unknown>;
  inputs: string[];
  weights: number[];
  calls?: number;
}

interface Case {
  name: string;
  tolerance: number;
  layers: LayerJson[];
  output: string;
  inputs: TensorJson[];
  weights: TensorJson[];
  expected: TensorJson;
}

const file = sharedFile('vectors/kerasjs/cases.json');
const json = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []) as Case[] | { cases: Case[] };
const all = Array.isArray(json) ? json : json.cases;
/** In these, a second prediction goes on with the states of the first. Here, every prediction starts from zeros. */
const goingOn = all.filter(({ layers }) => layers.some(({ calls = 1 }) => calls > 1));
const cases = all.filter((one) => !goingOn.includes(one));

/** keras-js gives the arguments of an activation beside its name; Keras has them in an object. */
function asInKeras({ class_name: className, config }: LayerJson): Record<string, unknown> {
  const { activation, alpha, maxValue, ...rest } = config;
  if (className !== 'Activation' || (alpha === undefined && maxValue === undefined)) return config;
  return {
    ...rest,
    activation: {
      class_name: activation,
      config: {
        ...(alpha === undefined ? {} : { alpha }),
        ...(maxValue === undefined ? {} : { max_value: maxValue }),
      },
    },
  };
}

/** Writes a case as a whole-model file of Keras 2.1. */
async function write({ layers, inputs, weights, output }: Case): Promise<string> {
  await ready;
  const name = path.join(await temporaryDirectory(), 'model.h5');
  const model = new File(name, 'w');
  const text = (target: File | Group, key: string, value: string) => {
    target.create_attribute(key, value, null, `S${Buffer.byteLength(value)}`);
  };
  const list = (target: Group, key: string, values: string[]) => {
    if (values.length === 0) target.create_attribute(key, new Float64Array(0));
    else
      target.create_attribute(
        key,
        values,
        [values.length],
        `S${Math.max(...values.map((value) => Buffer.byteLength(value)))}`,
      );
  };
  const tensor = (source: string) => [source.replace(/^input:/u, 'input_'), 0, 0, {}];
  const config = {
    class_name: 'Model',
    config: {
      name: 'model',
      layers: [
        ...inputs.map(({ shape }, index) => ({
          class_name: 'InputLayer',
          name: `input_${index}`,
          config: { name: `input_${index}`, batch_input_shape: [null, ...shape], dtype: 'float32' },
          inbound_nodes: [],
        })),
        ...layers.map((layer) => ({
          class_name: layer.class_name,
          name: layer.name,
          config: { ...asInKeras(layer), name: layer.name },
          inbound_nodes: [layer.inputs.map(tensor)],
        })),
      ],
      input_layers: inputs.map((_, index) => [`input_${index}`, 0, 0]),
      output_layers: [[output, 0, 0]],
    },
  };
  text(model, 'keras_version', '2.1.2');
  text(model, 'model_config', JSON.stringify(config));
  const groups = model.create_group('model_weights');
  list(
    groups,
    'layer_names',
    layers.map((layer) => layer.name),
  );
  for (const layer of layers) {
    const group = groups.create_group(layer.name);
    const names = layer.weights.map((_, index) => `${layer.name}_weight_${index}`);
    list(group, 'weight_names', names);
    for (const [index, at] of layer.weights.entries()) {
      const { data = [], shape = [] } = weights[at] ?? {};
      group.create_dataset({ name: names[index] ?? '', data: Float32Array.from(data), shape });
    }
  }
  model.close();
  return name;
}

testWithShared.each(cases.length > 0 ? cases : [{ name: 'missing' } as Case])(
  '$name of keras-js',
  async (one) => {
    await using model = await loadModel(await write(one), { engine: 'onnxruntime' });
    const [output] = await model.predict(
      one.inputs.map(({ data, shape }) => ({ data: Float32Array.from(data), shape: [1, ...shape] })),
    );
    expect([...(output?.shape ?? [])]).toEqual([1, ...one.expected.shape]);
    const worst = Math.max(
      ...one.expected.data.map((value, at) => Math.abs(value - Number(output?.data[at]))),
    );
    expect(worst).toBeLessThanOrEqual(one.tolerance);
  },
);

testWithShared.each(goingOn.length > 0 ? goingOn : [{ name: 'missing' } as Case])(
  '$name of keras-js starts from zeros each time',
  async (one) => {
    await using model = await loadModel(await write(one), { engine: 'onnxruntime' });
    const inputs = one.inputs.map(({ data, shape }) => ({
      data: Float32Array.from(data),
      shape: [1, ...shape],
    }));
    const [[first], [second]] = [await model.predict(inputs), await model.predict(inputs)];
    expect(second).toEqual(first);
  },
);
