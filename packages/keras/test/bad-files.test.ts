import { mkdir, readFile, stat, truncate, writeFile as writeBytes } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { fixture, sharedFile, temporaryDirectory, testWithShared } from './support/files.js';
import { refusal } from './support/refusal.js';
import { writeFile } from './support/tiny-vgg.js';

describe('loading a damaged file of the shared vectors', () => {
  const bad = (name: string) => sharedFile('vectors/vgg', `vgg16_small_bad_${name}.h5`);

  testWithShared('rejects a truncated file and states both sizes', async () => {
    const error = await refusal(bad('truncated'));
    expect(error.code).toBe('ERR_KERAS_TRUNCATED');
    expect(error.message).toMatch(/states \d+ bytes, but it has \d+/u);
  });
  testWithShared('rejects a file that is not HDF5', async () => {
    expect(await refusal(bad('not_hdf5'))).toMatchObject({ code: 'ERR_KERAS_NOT_HDF5' });
  });
  testWithShared('rejects a missing layer and names it', async () => {
    expect(await refusal(bad('missing_layer'))).toMatchObject({
      code: 'ERR_KERAS_MISSING_LAYER',
      layer: 'block3_conv2',
    });
  });
  testWithShared('rejects a wrong shape and states both shapes', async () => {
    expect(await refusal(bad('wrong_shape'))).toMatchObject({
      code: 'ERR_KERAS_WRONG_SHAPE',
      layer: 'block2_conv1',
      weight: '/block2_conv1/block2_conv1/kernel:0',
      expected: [3, 3, 8, 16],
      actual: [3, 3, 8, 12],
    });
  });
  testWithShared('rejects an extra layer and names it', async () => {
    expect(await refusal(bad('extra_layer'))).toMatchObject({ code: 'ERR_KERAS_EXTRA_LAYER', layer: 'fc3' });
  });
  testWithShared('rejects NaN and states its position', async () => {
    const error = await refusal(bad('nan'));
    expect(error).toMatchObject({ code: 'ERR_KERAS_NOT_FINITE', layer: 'fc2', weight: '/fc2/fc2/kernel:0' });
    expect(error.message).toContain('NaN at [3, 7]');
  });
  testWithShared('rejects a listed dataset that the file does not have', async () => {
    expect(await refusal(bad('listed_not_present'))).toMatchObject({
      code: 'ERR_KERAS_MISSING_WEIGHT',
      layer: 'fc1',
      weight: '/fc1/fc1/bias:0',
    });
  });
  testWithShared('rejects numbered layers of unknown orientation and names the option', async () => {
    const error = await refusal(sharedFile('vectors/vgg/vgg16_small_keras1_th.h5'));
    expect(error.code).toBe('ERR_KERAS_KERNEL_ORIENTATION');
    expect(error.message).toContain(`kernels: 'convolution'`);
  });
});

describe('loading something that is not a model file', () => {
  test('rejects a missing file', async () => {
    expect(await refusal(path.join(await temporaryDirectory(), 'none.h5'))).toMatchObject({
      code: 'ERR_KERAS_FILE_NOT_FOUND',
    });
  });
  test('rejects a directory', async () => {
    const directory = path.join(await temporaryDirectory(), 'model.h5');
    await mkdir(directory);
    expect(await refusal(directory)).toMatchObject({ code: 'ERR_KERAS_NOT_A_FILE' });
  });
  test.each([
    ['an empty file', '', 'ERR_KERAS_EMPTY_FILE'],
    ['a file that is shorter than a signature', '\x89HDF', 'ERR_KERAS_NOT_HDF5'],
    ['a file with only a signature', '\x89HDF\r\n\x1a\n', 'ERR_KERAS_DAMAGED'],
    ['a page of HTML', '<!doctype html><title>404</title>'.repeat(99), 'ERR_KERAS_NOT_HDF5'],
  ])('rejects %s', async (_, content, code) => {
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, content, 'latin1');
    expect(await refusal(file)).toMatchObject({ code });
  });
  test('rejects a file that is cut at any position', async () => {
    const whole = await readFile(fixture('vgg16_small.h5'));
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, whole);
    for (let bytes = (await stat(file)).size - 1; bytes > 100; bytes = Math.floor(bytes / 3)) {
      await truncate(file, bytes);
      expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_TRUNCATED' });
    }
  });
  test('rejects a file that is overwritten in the middle', async () => {
    const bytes = await readFile(fixture('vgg16_small.h5'));
    bytes.fill(0xff, 96, 20_000);
    const file = path.join(await temporaryDirectory(), 'model.h5');
    await writeBytes(file, bytes);
    expect((await refusal(file)).code).toMatch(/^ERR_KERAS_(DAMAGED|UNKNOWN_LAYOUT)$/u);
  });
  test('rejects an HDF5 file that is not a model', async () => {
    const file = await writeFile((file) => {
      file.create_dataset({ name: 'temperatures', data: [1, 2, 3] });
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_UNKNOWN_LAYOUT' });
  });
  test('rejects a weights file of Keras 3 that holds no weights', async () => {
    const file = await writeFile((file) => {
      file.create_group('layers');
    });
    expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_MISSING_WEIGHT', layer: 'block1_conv1' });
  });
});
