/** @jest-environment ./test/shared-arrays-environment.mjs */
import { beforeAll, expect, test } from '@jest/globals';

import { ENGINES, predictWith, tinyImage } from './support/predicting.js';
import { tinyConfig, tinyWeights, writeFile, writeWhole } from './support/tiny-vgg.js';

/** Names that an engine, a file or this package could use for something else. */
const NAMES = [
  'input',
  ':input',
  'input/channels_first',
  'node/0',
  'node/0/before_activation',
  'weight/0',
  'block1_pool',
  'flatten',
  ':',
  'a/b',
  'a:0',
  'kernel',
  'Ünïcödé 雪 ☃️',
  'two\nlines',
  '__proto__',
  'long '.repeat(300),
];

let expected: Float32Array;
beforeAll(async () => {
  const file = await writeFile((file) => {
    writeWhole(file, tinyConfig());
  });
  expected = await predictWith(file, tinyImage);
});

test.each(ENGINES)('layers may have any name, on %s', async (engine) => {
  const weights = tinyWeights();
  const renamed = new Map([...weights.keys()].map((name, index) => [name, NAMES[index] ?? name]));
  const file = await writeFile((file) => {
    writeWhole(
      file,
      tinyConfig().map(({ class_name, config }) => ({
        class_name,
        config: { ...config, name: renamed.get(String(config['name'])) ?? `other ${String(config['name'])}` },
      })),
      new Map([...weights].map(([name, layer]) => [renamed.get(name) ?? name, layer])),
    );
  });
  const output = await predictWith(file, tinyImage, { engine });
  for (const [index, value] of expected.entries()) expect(output[index]).toBeCloseTo(value, 5);
});
