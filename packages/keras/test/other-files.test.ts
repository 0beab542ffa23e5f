import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { checkFile } from '../src/containers/hdf5/check-file.js';
import { Hdf5File } from '../src/containers/hdf5/hdf5-file.js';
import { fixture, temporaryDirectory } from './support/files.js';
import { refusal } from './support/refusal.js';
import { groupOf, tinyWeights, writeFile, writeNamed } from './support/tiny-vgg.js';

describe('a model file cannot cause another file to be read', () => {
  // In each file, the numbers of the one dataset are in /dev/zero. The object headers have version 1 and version 2.
  const external = ['external_storage.h5', 'external_storage_v2.h5'];

  test.each(external)('rejects external storage: %s', async (name) => {
    const error = await refusal(fixture(name));
    expect(error).toMatchObject({ code: 'ERR_KERAS_UNSUPPORTED_FORMAT', weight: '/layer_0/param_0' });
    expect(error.message).toContain('external storage');
  });

  test.each(external)(
    'blocks external storage even if the HDF5 library itself is asked to read it: %s',
    async (name) => {
      const { superblock } = await checkFile(fixture(name));
      const file = await Hdf5File.open(fixture(name), superblock);
      try {
        const dataset = {
          path: '/layer_0/param_0',
          shape: [4, 3, 3, 3],
          type: 'float32' as const,
          numberBytes: 4,
          bytes: 432,
          compressed: false,
          grain: [1, 1, 1, 1],
        };
        expect(() => file.read(dataset, { offset: [0, 0, 0, 0], count: [4, 3, 3, 3] })).toThrow(
          expect.objectContaining({
            code: 'ERR_KERAS_UNSUPPORTED_FORMAT',
            weight: '/layer_0/param_0',
            message: expect.stringContaining('/dev/zero'),
          }),
        );
      } finally {
        await file.close();
      }
    },
  );

  test('rejects an external link', async () => {
    const file = await writeFile((file) => {
      writeNamed(file, tinyWeights());
      const layer = groupOf(file, 'fc1');
      const target = path.join(path.dirname(file.filename), 'other.h5');
      layer.create_external_link(target, '/weight', 'outside');
      layer.delete_attribute('weight_names');
      layer.create_attribute('weight_names', ['outside', 'fc1/bias:0'], [2], 'A40');
    });
    expect(await refusal(file)).toMatchObject({
      code: 'ERR_KERAS_UNSUPPORTED_FORMAT',
      weight: '/fc1/outside',
    });
  });
});

test.each(['/dev/zero', 'a pipe'])('refuses %s without opening it', async (kind) => {
  if (process.platform === 'win32') {
    console.warn('SKIPPED: Windows has neither /dev/zero nor named pipes in the file system');
    return;
  }
  const file = kind === 'a pipe' ? path.join(await temporaryDirectory(), 'pipe') : kind;
  if (kind === 'a pipe') execFileSync('mkfifo', [file]);
  expect(await refusal(file)).toMatchObject({ code: 'ERR_KERAS_NOT_A_FILE' });
});

test('refused files leave no file descriptor open', async () => {
  if (process.platform !== 'linux') {
    console.warn('SKIPPED: only Linux lists the open file descriptors in /proc');
    return;
  }
  // The first call opens what the library keeps open.
  await refusal(fixture('external_storage.h5'));
  const before = readdirSync('/proc/self/fd').length;
  for (let time = 0; time < 5; time++) await refusal(fixture('external_storage.h5'));
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
});

test('an object header at a wrong address is refused as damage', async () => {
  const file = await writeFile((file) => {
    writeNamed(file, tinyWeights());
  });
  const { superblock } = await checkFile(file);
  const opened = await Hdf5File.open(file, { ...superblock, offset: 4 });
  expect(() => opened.dataset('/fc1/fc1/kernel:0')).toThrow(
    expect.objectContaining({ code: 'ERR_KERAS_DAMAGED', weight: '/fc1/fc1/kernel:0' }),
  );
  await opened.close();
});
