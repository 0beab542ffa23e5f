import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';

import { expect, test } from '@jest/globals';
import sharp from 'sharp';

import {
  fixture,
  packageDirectory,
  sharedFile,
  temporaryDirectory,
  testWithShared,
} from './support/files.js';

/** Runs the command as npx does. */
async function keras(...args: string[]) {
  const child = spawn(process.execPath, [path.join(packageDirectory, 'bin/keras.js'), ...args]);
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, out, error };
}

test('predict prints the most probable classes, and how the pixels were prepared', async () => {
  const folder = await temporaryDirectory();
  const image = path.join(folder, 'grey.png');
  await sharp({ create: { width: 40, height: 40, channels: 3, background: '#888' } })
    .png()
    .toFile(image);
  const args = [fixture('vgg16_small.h5'), image, '--architecture', 'vgg16', '--top', '2'];
  const plain = await keras('predict', ...args);
  expect(plain.error).toBe('preprocessing caffe, because the model has the layers of vgg16\n');
  expect(plain.out).toMatch(/^0\.\d{6} {2}\d+\n0\.\d{6} {2}\d+\n$/);
  const first = Number(/\d+$/m.exec(plain.out)?.[0]);
  const labels = path.join(folder, 'labels.txt');
  await writeFile(labels, Array.from({ length: 100 }, (_, index) => `name ${index}`).join('\n'));
  const named = await keras('predict', ...args, '--labels', labels, '--preprocess', 'caffe');
  expect(named.out.split('\n')[0]).toMatch(new RegExp(`  name ${first}$`));
});

testWithShared('predict recognises what is on a photo', async () => {
  const { out } = await keras(
    'predict',
    sharedFile('vectors/imagenet/darknet_tiny_imagenet.keras'),
    sharedFile('vectors/imagenet/chelsea_224.png'),
    '--labels',
    sharedFile('vectors/imagenet/labels_darknet.json'),
  );
  expect(out).toMatch(/^0\.62\d* {2}Egyptian cat\n0\.19\d* {2}tabby\n/);
});

test('a wrong command line ends with code 2, an unusable file with code 1, in one line', async () => {
  expect(await keras('perdict')).toMatchObject({ code: 2, error: expect.stringContaining('perdict') });
  expect(await keras('predict', 'model.keras')).toMatchObject({ code: 2 });
  const missing = await keras('inspect', 'no-such-model.keras');
  expect(missing).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^[^\n]*no-such-model\.keras[^\n]*\n$/),
  });
});

test('every command has a help text', async () => {
  for (const command of ['inspect', 'convert', 'predict'])
    expect(await keras(command, '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`keras ${command}`),
    });
});
