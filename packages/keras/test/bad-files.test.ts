import { mkdir, readFile, stat, truncate, writeFile as writeBytes } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { fixture, sharedFile, temporaryDirectory, testWithShared } from './support/files.js';
import { refusal } from './support/refusal.js';
import { writeFile } from './support/tiny-vgg.js';

describe('a damaged file of the shared vectors is refused by what is wrong with it', () => {
  const bad = (name: string) => sharedFile('vectors/vgg', `vgg16_small_bad_${name}.h5`);

  testWithShared('cut short: how many bytes were promised', async () => {
    const error = await refusal(bad('truncated'));
    expect(error.code).toBe('ERR_KERAS_TRUNCATED');
    expect(error.message).toMatch(/promises \d+ bytes, \d+ are there/u);
  });
  testWithShared('no HDF5', async () => {
    expect(await refusal(bad('not_hdf5'))).toMatchObject({ code: 'ERR_KERAS_NOT_HDF5' });
  });
  testWithShared('a layer missing', async () => {
    expect(await refusal(bad('missing_layer'))).toMatchObject({
      code: 'ERR_KERAS_MISSING_LAYER',
      layer: 'block3_conv2',
    });
  });
  testWithShared('a wrong shape', async () => {
    expect(await refusal(bad('wrong_shape'))).toMatchObject({
      code: 'ERR_KERAS_WRONG_SHAPE',
      layer: 'block2_conv1',
      weight: '/block2_conv1/block2_conv1/kernel:0',
      expected: [3, 3, 8, 16],
      actual: [3, 3, 8, 12],
    });
  });
  testWithShared('a layer too many', async () => {
    expect(await refusal(bad('extra_layer'))).toMatchObject({ code: 'ERR_KERAS_EXTRA_LAYER', layer: 'fc3' });
  });
  testWithShared('NaN: where it is', async () => {
    const error = await refusal(bad('nan'));
    expect(error).toMatchObject({ code: 'ERR_KERAS_NOT_FINITE', layer: 'fc2', weight: '/fc2/fc2/kernel:0' });
    expect(error.message).toContain('NaN at [3, 7]');
  });
  testWithShared('a dataset listed but not there', async () => {
    expect(await refusal(bad('listed_not_present'))).toMatchObject({
      code: 'ERR_KERAS_MISSING_WEIGHT',
      layer: 'fc1',
      weight: '/fc1/fc1/bias:0',
    });
  });
  testWithShared('a .keras archive: what is supported', async () => {
    const error = await refusal(sharedFile('vectors/vgg/vgg16_small.keras'));
    expect(error.code).toBe('ERR_KERAS_UNSUPPORTED_FORMAT');
    expect(error.message).toContain('.h5');
  });
  testWithShared('numbered layers of unknown orientation: the option that helps', async () => {
    const error = await refusal(sharedFile('vectors/vgg/vgg16_small_keras1_th.h5'));
    expect(error.code).toBe('ERR_KERAS_KERNEL_ORIENTATION');
    expect(error.message).toContain(`kernels: 'convolution'`);
  });
});

describe('what is no model file', () => {
  test('missing', async () => {
    expect(await refusal(path.join(await temporaryDirectory(), 'none.h5'))).toMatchObject({
      code: 'ERR_KERAS_FILE_NOT_FOUND',
    });
  });
  test('a directory', async () => {
    const directory = path.join(await temporaryDirectory(), 'model.h5');
    await mkdir(directory);
    expect(await refusal(directory)).toMatchObject({ code: 'ERR_KERAS_NOT_A_FILE' });
  });
  test.each([
    ['empty', '', 'ERR_KERAS_EMPTY_FILE'],
    ['shorter than a signature', '\x89HDF', 'ERR_KERAS_NOT_HDF5'],
    ['only a signature', '\x89HDF\r\n\x1a\n', 'ERR_KERAS_DAMAGED'],
    ['a page of HTML', '<!doctype html><title>404</title>'.repeat(99), 'ERR_KERAS_NOT_HDF5'],
  ])('%s', async (_, content, code) => {
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, content, 'latin1');
    expect(await refusal(file)).toMatchObject({ code });
  });
  test('cut at any place', async () => {
    const whole = await readFile(fixture('vgg16_small.h5'));
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, whole);
    for (let bytes = (await stat(file)).size - 1; bytes > 100; bytes = Math.floor(bytes / 3)) {
      await truncate(file, bytes);
      expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_TRUNCATED' });
    }
  });
  test('overwritten in the middle', async () => {
    const bytes = await readFile(fixture('vgg16_small.h5'));
    bytes.fill(0xff, 96, 20_000);
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, bytes);
    expect((await refusal(file)).code).toMatch(/^ERR_KERAS_(DAMAGED|UNKNOWN_LAYOUT)$/u);
  });
  test('HDF5, but no model', async () => {
    const file = await writeFile((file) => {
      file.create_dataset({ name: 'temperatures', data: [1, 2, 3] });
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_UNKNOWN_LAYOUT' });
  });
  test('a Keras 3 weights file', async () => {
    const file = await writeFile((file) => {
      file.create_group('layers');
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_FORMAT' });
  });
});
