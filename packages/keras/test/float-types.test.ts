/** @jest-environment ./test/shared-arrays-environment.mjs */
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { checkFile } from '../src/containers/hdf5/check-file.js';
import { Hdf5File } from '../src/containers/hdf5/hdf5-file.js';
import { toFloat32 } from '../src/containers/hdf5/numbers.js';
import { readWeight } from '../src/containers/hdf5/read-weight.js';
import { fixture } from './support/files.js';

/** The numbers that h5py wrote in each type. */
const NUMBERS = [1, -2, 0.5, 65504, 2 ** -14];

let file: Hdf5File;
beforeAll(async () => {
  const { superblock } = await checkFile(fixture('float_types.h5'));
  file = await Hdf5File.open(fixture('float_types.h5'), superblock);
});
afterAll(() => file.close());

async function read(name: string): Promise<Float32Array> {
  const dataset = file.dataset(`/${name}`);
  return readWeight(
    file,
    { dataset, shape: dataset.shape, arrangement: { kind: 'as stored' } },
    { layer: name, onBytes: () => undefined },
  );
}

test.each([
  'little_float16',
  'little_float32',
  'little_float64',
  'big_float16',
  'big_float32',
  'big_float64',
])('reads the numbers of %s', async (name) => {
  expect([...(await read(name))]).toEqual(NUMBERS);
});

test.each(['bfloat16', 'other_bias', 'other_fields', 'integers'])(
  'refuses %s instead of misreading it',
  async (name) => {
    await expect(read(name)).rejects.toMatchObject({ code: 'ERR_KERAS_WRONG_TYPE', weight: `/${name}` });
  },
);

test('converts 16-bit floats to the same values', () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000, 0x7c00, 0x7e00);
  const numbers = toFloat32(new Uint8Array(bits.buffer), 'float16');
  expect([...numbers]).toEqual([1, -2, 0.333251953125, 2 ** -24, 65504, -0, Infinity, NaN]);
});
