/** @jest-environment ./test/shared-arrays-environment.mjs */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';
import { File, ready } from 'h5wasm/node';

import { inspectModel, loadModel } from '../src/index.js';
import { packageDirectory, temporaryDirectory } from './support/files.js';

const FACTOR = [2, 3, 4];

/** Writes a model with a layer `Mix` of two inputs and a weight, and a Lambda. */
async function write(): Promise<string> {
  await ready;
  const name = path.join(await temporaryDirectory(), 'model.h5');
  const file = new File(name, 'w');
  const input = (own: string) => ({
    class_name: 'InputLayer',
    name: own,
    config: { name: own, batch_input_shape: [null, 3], dtype: 'float32' },
    inbound_nodes: [],
  });
  const config = JSON.stringify({
    class_name: 'Model',
    config: {
      name: 'model',
      layers: [
        input('a'),
        input('b'),
        {
          class_name: 'Mix',
          name: 'mix',
          config: { name: 'mix', bias: 1 },
          inbound_nodes: [
            [
              ['a', 0, 0, {}],
              ['b', 0, 0, {}],
            ],
          ],
        },
        {
          class_name: 'Lambda',
          name: 'halve',
          config: { name: 'halve', function: ['4wEA', null, null] },
          inbound_nodes: [[['mix', 0, 0, {}]]],
        },
      ],
      input_layers: [
        ['a', 0, 0],
        ['b', 0, 0],
      ],
      output_layers: [['halve', 0, 0]],
    },
  });
  file.create_attribute('model_config', config, null, `S${Buffer.byteLength(config)}`);
  const groups = file.create_group('model_weights');
  groups.create_attribute('layer_names', ['mix'], [1], 'S3');
  const group = groups.create_group('mix');
  group.create_attribute('weight_names', ['factor:0'], [1], 'S8');
  group.create_dataset({ name: 'factor:0', data: Float32Array.from(FACTOR), shape: [3] });
  file.close();
  return name;
}

test('layers that hold code or are not Keras’s are refused, all at once and by name', async () => {
  const file = await write();
  const outcome = loadModel(file, { engine: 'onnxruntime' });
  await expect(outcome).rejects.toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_LAYER', layer: 'mix' });
  await expect(outcome).rejects.toThrow(/mix \(Mix\).*halve \(Lambda\).*layers: \{/u);
  expect((await inspectModel(file)).problems.map(({ layer }) => layer)).toEqual(['mix', 'halve']);
});

test.each(['onnxruntime', 'wasm'] as const)('the user’s own layers run on %s', async (engine) => {
  await using model = await loadModel(await write(), {
    engine,
    layers: {
      Mix: ({ config, inputs: [a, b], weights, build }) => {
        if (a === undefined || b === undefined) throw new TypeError('Mix takes two inputs');
        return build.add(build.add(a, build.multiply(b, weights('factor', [3]))), Number(config['bias']));
      },
      halve: ({ inputs: [x], build }) => build.multiply(x ?? build.scalar(0), 0.5),
    },
  });
  const tensor = (...data: number[]) => ({ data: Float32Array.from(data), shape: [1, 3] });
  const [output] = await model.predict({ b: tensor(10, 20, 30), a: tensor(1, 2, 3) });
  expect([...(output?.data ?? [])]).toEqual([11, 31.5, 62]);
  const [mixed] = await model.features([tensor(1, 2, 3), tensor(10, 20, 30)], ['mix']);
  expect([...(mixed?.data ?? [])]).toEqual([22, 63, 124]);
  expect(model.layers.map(({ name, className }) => `${name} ${className}`)).toContain('mix Mix');
});

test('the example in docs/keras.md prints what stands beside it', async () => {
  const guide = await readFile(path.join(packageDirectory, '../../docs/keras.md'), 'utf8');
  // It has no types of its own, so that it is JavaScript too.
  const code = /^```ts\n\/\/ own-layers\.ts\n(.*?)^```/ms.exec(guide)?.[1] ?? '';
  const folder = await temporaryDirectory();
  await copyFile(await write(), path.join(folder, 'model.keras'));
  await mkdir(path.join(folder, 'node_modules/@dual'), { recursive: true });
  await symlink(packageDirectory, path.join(folder, 'node_modules/@dual/keras'));
  await writeFile(path.join(folder, 'own-layers.mjs'), code);
  const { stdout } = await promisify(execFile)(process.execPath, ['own-layers.mjs'], { cwd: folder });
  expect(stdout).toBe(`${/console\.log\(.*?\/\/ (.*)$/m.exec(code)?.[1]}\n`);
});
