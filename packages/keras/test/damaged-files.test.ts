/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, test } from '@jest/globals';

import { KerasError, loadModel, type LoadOptions } from '../src/index.js';
import { fixture, temporaryDirectory } from './support/files.js';
import { writeTfjs } from './support/write-model.js';

/** Damaged copies of each file. `npm run fuzz:keras` sets many. */
const COPIES = Number(process.env['KERAS_FUZZ_COPIES'] ?? 60);
/** A file with sizes that are not credible must not make the process allocate them. */
const MAX_GROWTH_KIB = 400 * 1024;

/** Changes a file: cuts it, or overwrites single bytes, a run of bytes, or bytes near its beginning. */
function damage(bytes: Buffer, seed: number): Buffer {
  let state = Math.imul(seed, 2654435761) >>> 0;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
  const result = Buffer.from(bytes);
  const set = (at: number) => {
    result[at] = random(256);
  };
  switch (random(4)) {
    case 0:
      return result.subarray(0, random(result.length));
    case 1:
      for (let count = 1 + random(20); count > 0; count--) set(random(result.length));
      return result;
    case 2: {
      const at = random(result.length);
      return result.fill(random(256), at, Math.min(result.length, at + random(64)));
    }
    default: {
      const at = random(Math.min(4096, result.length - 8));
      for (let offset = 0; offset < 8; offset++) set(at + offset);
      return result;
    }
  }
}

/** A layers model of TensorFlow.js: the folder of `model.json`. */
async function tfjsModel(): Promise<string> {
  const layer = (className: string, config: object) => ({ class_name: className, config });
  const config = layer('Sequential', {
    name: 'model',
    layers: [
      layer('InputLayer', { name: 'x', batch_input_shape: [null, 2], dtype: 'float32' }),
      layer('Dense', { name: 'dense', units: 3, use_bias: true, activation: 'tanh' }),
    ],
  });
  const weights = [
    { name: 'dense/kernel', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] },
    { name: 'dense/bias', shape: [3], data: [1, 2, 3] },
  ];
  return path.dirname(await writeTfjs(config, weights));
}

const FILES: readonly (readonly [string, LoadOptions])[] = [
  ['saved/images.keras', {}],
  ['saved/vocabularies.keras', {}],
  ['saved/int8.keras', {}],
  ['saved/float8.h5', {}],
  ['saved/lora.h5', {}],
  ['saved/bfloat16.h5', {}],
  ['vgg16_small.h5', { architecture: 'vgg16' }],
];

test.each(FILES)(
  'a damaged copy of %s is opened or refused with a KerasError, and does no harm to later files',
  async (name, options) => {
    const bytes = readFileSync(fixture(name));
    const copy = path.join(await temporaryDirectory(), path.basename(name));
    await openDamaged(bytes, copy, copy, options);
    const whole = await loadModel(fixture(name), { engine: 'onnxruntime', ...options });
    await whole.dispose();
  },
  60_000 + COPIES * 1000,
);

test.each(['model.json', 'weights.bin'])(
  'a model of TensorFlow.js with a damaged %s is opened or refused with a KerasError',
  async (name) => {
    const folder = await tfjsModel();
    const bytes = readFileSync(path.join(folder, name));
    await openDamaged(bytes, path.join(folder, name), path.join(folder, 'model.json'), {});
  },
  60_000 + COPIES * 1000,
);

/** @param copy Where the damaged copies go. @param file What is opened. */
async function openDamaged(bytes: Buffer, copy: string, file: string, options: LoadOptions): Promise<void> {
  await mkdir(path.dirname(copy), { recursive: true });
  const before = process.resourceUsage().maxRSS;
  for (let seed = 1; seed <= COPIES; seed++) {
    await writeFile(copy, damage(bytes, seed));
    const outcome = await loadModel(file, { engine: 'onnxruntime', ...options }).then(
      (model) => model.dispose(),
      (error: unknown) => error,
    );
    if (outcome !== undefined && !(outcome instanceof KerasError))
      throw new Error(`seed ${seed}`, { cause: outcome });
    const growth = process.resourceUsage().maxRSS - before;
    if (growth > MAX_GROWTH_KIB) throw new Error(`seed ${seed}: the process grew by ${growth} KiB`);
  }
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(MAX_GROWTH_KIB);
}
