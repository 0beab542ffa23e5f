/** @jest-environment ./test/shared-arrays-environment.mjs */
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect } from '@jest/globals';
import yauzl from 'yauzl';

import { loadModel, type LoadOptions, type TensorData } from '../src/index.js';
import { sharedFile, testWithShared } from './support/files.js';

interface TensorJson {
  name: string;
  shape: number[];
  dtype: string;
  data: number[];
}

interface Reference {
  inputs: TensorJson[];
  outputs: TensorJson[];
  tolerance: number;
  must_reject?: unknown;
}

const folder = sharedFile('vectors/keras3');
const names = existsSync(folder)
  ? (JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as { models: { name: string }[] }).models.map(
      ({ name }) => name,
    )
  : ['missing'];

/** The configuration in an archive, for the file that holds only weights. */
async function configIn(archive: string): Promise<Record<string, unknown>> {
  const zip = await yauzl.openPromise(archive, { lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName !== 'config.json') continue;
    const chunks: Buffer[] = [];
    for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
  }
  throw new Error(`no config.json in ${archive}`);
}

function toData({ data, dtype }: TensorJson): TensorData {
  if (dtype === 'int64') return BigInt64Array.from(data, (value) => BigInt(value));
  return dtype.startsWith('int') ? Int32Array.from(data) : Float32Array.from(data);
}

describe.each(['keras', 'h5', 'weights.h5'])('the .%s file that Keras 3 wrote', (format) => {
  testWithShared.each(names)('%s', async (name) => {
    const reference = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as Reference;
    const options: LoadOptions = {
      engine: 'onnxruntime',
      ...(format === 'weights.h5' ? { config: await configIn(`${folder}/${name}.keras`) } : {}),
    };
    if (reference.must_reject !== undefined) {
      await expect(loadModel(`${folder}/${name}.${format}`, options)).rejects.toMatchObject({
        code: 'ERR_KERAS_UNSUPPORTED_LAYER',
      });
      return;
    }
    await using model = await loadModel(`${folder}/${name}.${format}`, options);
    const outputs = await model.predict<TensorData>(
      reference.inputs.map((input) => ({ shape: input.shape, data: toData(input) })),
    );
    expect(outputs.map(({ shape }) => [...shape])).toEqual(reference.outputs.map(({ shape }) => shape));
    for (const [index, { data, name: output }] of reference.outputs.entries()) {
      // The variance in this file is negative: Keras gives NaN for it too. Its answer is from before it was saved.
      if (name === 'rescaling_normalization' && output === 'adapted') continue;
      const actual = Array.from(outputs[index]?.data ?? [], Number);
      const allowed = reference.tolerance * Math.max(1e-3, ...data.map(Math.abs)) * 10;
      const worst = Math.max(...data.map((value, at) => Math.abs(value - (actual[at] ?? NaN))));
      expect(worst).toBeLessThanOrEqual(allowed);
    }
  });
});
