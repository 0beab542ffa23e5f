/** @jest-environment ./test/shared-arrays-environment.mjs */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect } from '@jest/globals';

import { KerasError, loadModel } from '../src/index.js';
import { sharedFile, temporaryDirectory, testWithShared } from './support/files.js';

const COUNT = 60;

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
      return result.fill(random(256), at, at + random(64));
    }
    default: {
      const at = random(Math.min(4096, result.length - 8));
      for (let offset = 0; offset < 8; offset++) set(at + offset);
      return result;
    }
  }
}

testWithShared.each([
  'nested_model.keras',
  'nested_model.h5',
  'bidirectional_lstm.keras',
  'functional_ops.weights.h5',
])(
  'a damaged copy of %s is opened or refused with a KerasError, and does no harm to later files',
  async (name) => {
    const original = sharedFile('vectors/keras3', name);
    const bytes = readFileSync(original);
    const copy = path.join(await temporaryDirectory(), name);
    for (let seed = 1; seed <= COUNT; seed++) {
      await writeFile(copy, damage(bytes, seed));
      const outcome = await loadModel(copy, { engine: 'onnxruntime' }).then(
        (model) => model.dispose(),
        (error: unknown) => error,
      );
      if (outcome !== undefined && !(outcome instanceof KerasError))
        throw new Error(`seed ${seed}`, { cause: outcome });
    }
    const whole = loadModel(original, { engine: 'onnxruntime' });
    if (name.endsWith('.weights.h5'))
      await expect(whole).rejects.toMatchObject({ code: 'ERR_KERAS_ONLY_WEIGHTS' });
    else await (await whole).dispose();
  },
);
