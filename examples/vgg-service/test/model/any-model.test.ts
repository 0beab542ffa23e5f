import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import sharp from 'sharp';

import { type Answer, form, post } from '../support/post.js';
import { startService, TestService } from '../support/service.js';
import { shared, testWith } from '../support/shared.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

/** A picture of one colour, larger than what any of the models takes. */
function plain(background: string): Promise<Buffer> {
  return sharp({ create: { width: 40, height: 20, channels: 3, background } })
    .png()
    .toBuffer();
}

/** Writes a labels file. */
async function labelsFile(folder: { path: string }, ...labels: string[]): Promise<string> {
  const file = join(folder.path, 'labels.txt');
  await writeFile(file, labels.join('\n'));
  return file;
}

async function ask(service: { url: string }, image: Buffer): Promise<Answer> {
  const { text, status } = await post(service, {
    body: form({ file: image }),
    headers: { accept: 'application/json' },
  });
  expect(status).toBe(200);
  return JSON.parse(text) as Answer;
}

test('a model of any size with a softmax is served, by the name of its file', async () => {
  await using folder = await temporaryFolder();
  const labels = await labelsFile(folder, 'red', 'green', 'blue');
  await using service = await startService({
    args: ['--model', fixture('colour.keras'), '--labels', labels],
  });
  expect(service.stdout).toMatch(
    /^Model: colour\.keras, 3 classes, 224 x 224, on \w+\nPreprocessing: unit, the usual way/,
  );
  expect(service.stdout).not.toContain('Output');
  const answer = await ask(service, await plain('#10e020'));
  expect(answer).toMatchObject({
    label: 'green',
    model: { name: 'colour.keras', preprocessing: 'unit', output: 'probabilities', demonstration: false },
  });
  // 10 times the means of the channels, from 0 to 1.
  const [blue, green, red] = [0x20, 0xe0, 0x10].map((value) => Math.exp((10 * value) / 255));
  expect(answer.probability).toBeCloseTo((green ?? 0) / ((red ?? 0) + (green ?? 0) + (blue ?? 0)), 4);
  const page = await (await fetch(`${service.url}/vgg`)).text();
  expect(page).toContain('<dd>colour.keras</dd>');
  expect(page).toContain('<dd>unit</dd>');
});

test('a model with channels first, Rescaling and scores is served; the variables name it too', async () => {
  await using folder = await temporaryFolder();
  const labels = await labelsFile(folder, 'red', 'green', 'blue');
  await using service = await startService({
    env: { VGG_MODEL: fixture('colour_scores.h5'), VGG_LABELS: labels },
  });
  expect(service.stdout).toContain(
    'Preprocessing: none, because the model itself scales its input\nOutput: scores (logits)',
  );
  const { label, top, model } = await ask(service, await plain('#e01020'));
  expect(label).toBe('red');
  expect(top.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
  expect(model).toMatchObject({ input: { width: 8, height: 8 }, preprocessing: 'none', output: 'scores' });
});

test('a grey model with one output gives two classes', async () => {
  await using folder = await temporaryFolder();
  const labels = await labelsFile(folder, 'dark', 'light');
  await using service = await startService({ args: ['--model', fixture('light.keras'), '--labels', labels] });
  expect(await ask(service, await plain('#fff'))).toMatchObject({
    label: 'light',
    probability: expect.closeTo(1 / (1 + Math.exp(-5)), 4),
    top: [{ index: 1 }, { label: 'dark' }],
  });
  expect((await ask(service, await plain('#111'))).label).toBe('dark');
});

test('a model without labels numbers its classes, and --preprocess and --size are obeyed', async () => {
  await using service = await startService({
    args: ['--model', fixture('colour.keras'), '--preprocess', 'tf', '--size', '32x16'],
  });
  expect(service.stdout).toContain('3 classes, 32 x 16');
  expect(service.stdout).toContain('Preprocessing: tf, as requested\nLabels: none.');
  const { label, model } = await ask(service, await plain('#1020e0'));
  expect(label).toBe('class 2');
  expect(model).toMatchObject({ preprocessing: 'tf' });
});

testWith('vectors/imagenet/darknet_tiny_imagenet.keras')(
  'a network that was trained on ImageNet recognises a cat',
  async () => {
    await using folder = await temporaryFolder();
    const names = (await import(shared('vectors/imagenet/labels_darknet.json'), {
      with: { type: 'json' },
    })) as {
      default: string[];
    };
    const labels = await labelsFile(folder, ...names.default);
    await using service = await startService({
      args: ['--model', shared('vectors/imagenet/darknet_tiny_imagenet.keras'), '--labels', labels],
    });
    const photo = await readFile(shared('vectors/imagenet/chelsea_224.png'));
    expect(await ask(service, photo)).toMatchObject({
      label: 'Egyptian cat',
      probability: expect.closeTo(0.62, 1),
    });
  },
);

/** Starts the service and returns how it failed. */
async function failure(args: string[], env: Record<string, string> = {}) {
  await using service = new TestService({ args, env });
  const { code } = await service.exited;
  expect(service.stderr).toMatch(/^[^\n]+\n$/);
  expect(service.stdout).not.toContain('Ready');
  return { code, line: service.stderr.trim() };
}

const model = fixture('colour.keras');

test.each([
  [['--model', model, '--weights', 'w.h5'], {}, '--model and --weights exclude each other'],
  [[], { VGG_MODEL: model, VGG_WEIGHTS: 'w.h5' }, 'VGG_MODEL and VGG_WEIGHTS exclude each other'],
  [['--model', model, '--download'], {}, '--model and --download exclude each other'],
  [['--model', ''], {}, '--model needs a value'],
  [['--model', model, '--preprocess', 'pytorch'], {}, 'caffe, tf, torch, none, unit'],
  [['--model', model], { VGG_PREPROCESS: 'pytorch' }, 'VGG_PREPROCESS pytorch'],
  [['--model', model, '--size', '224'], {}, '--size 224'],
])('%j with %j ends the service with code 2 and a line that says so', async (args, env, says) => {
  const { code, line } = await failure(args, env);
  expect(code).toBe(2);
  expect(line).toContain(says);
});

test('a flag takes precedence over a variable', async () => {
  await using service = await startService({
    args: ['--model', fixture('light.keras')],
    env: { VGG_WEIGHTS: '/no/such/file.h5', VGG_PREPROCESS: '' },
  });
  expect(service.stdout).toContain('Model: light.keras, 2 classes, 8 x 8');
});

test('labels that are not as many as the classes end the service', async () => {
  await using folder = await temporaryFolder();
  const labels = await labelsFile(folder, 'red', 'green');
  expect(await failure(['--model', model, '--labels', labels])).toEqual({
    code: 1,
    line: 'The labels file has 2 labels, but the model has 3 classes. Give --labels a file with one label per class.',
  });
});

test('a --preprocess or --size that does not fit the model ends the service', async () => {
  const light = fixture('light.keras');
  expect(await failure(['--model', light, '--preprocess', 'caffe'])).toEqual({
    code: 1,
    line: 'preprocessing caffe needs colours, but the model takes grey images',
  });
  expect((await failure(['--model', light, '--size', '9x9'])).line).toContain('the model takes 8 x 8 pixels');
});

test('a model file that does not exist is named with its flag', async () => {
  const { code, line } = await failure(['--model', '/no/such/model.keras']);
  expect(code).toBe(1);
  expect(line).toBe('--model: The model file does not exist: /no/such/model.keras');
});

testWith('vectors/keras3/sequential_dense.keras')(
  'a model that takes no image ends the service',
  async () => {
    const { code, line } = await failure(['--model', shared('vectors/keras3/sequential_dense.keras')]);
    expect(code).toBe(1);
    expect(line).toMatch(
      /^The model is not a classifier of single images: it must take grey or colour images/,
    );
  },
);

testWith('vectors/keras3/sequential_cnn.weights.h5')(
  'a file with only weights ends the service',
  async () => {
    const { code, line } = await failure(['--model', shared('vectors/keras3/sequential_cnn.weights.h5')]);
    expect(code).toBe(1);
    expect(line).toMatch(/holds only weights\. Save the whole model.*--weights FILE$/);
  },
);
