import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';

import { type Answer, form, post } from '../support/post.js';
import { sample, samples } from '../support/samples.js';
import { serve, type TestServer } from '../support/server.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;
let photos: TestServer;

beforeAll(async () => {
  photos = await serve((request, response) => {
    const found = samples.find(({ name }) => request.url === `/${name}`);
    if (found) response.end(found.bytes);
    else response.writeHead(404).end();
  });
  service = await startService({ args: ['--allow-private'] });
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await photos[Symbol.asyncDispose]();
});

const json = { accept: 'application/json' };

test.each(samples)('labels $name as Keras does', async ({ bytes, label, probability }) => {
  const { status, text } = await post(service, { body: form({ file: bytes }), headers: json });
  expect(status).toBe(200);
  const answer = JSON.parse(text) as Answer;
  expect(answer.label).toBe(label);
  // Keras resizes with another library, so the probability may differ by hundredths.
  expect(Math.abs(answer.probability - probability)).toBeLessThan(0.02);
});

describe('takes the image from', () => {
  const bytes = new Uint8Array(sample('Bag-1.png'));
  test.each<[string, () => RequestInit]>([
    ['an uploaded file', () => ({ body: form({ file: bytes }) })],
    [
      'an uploaded file next to an empty url, as browsers send it',
      () => ({ body: form({ file: bytes, url: '' }) }),
    ],
    ['raw bytes', () => ({ body: bytes, headers: { 'content-type': 'image/png' } })],
    [
      'raw bytes with the content type of another format',
      () => ({ body: bytes, headers: { 'content-type': 'image/jpeg' } }),
    ],
    [
      'raw bytes with the content type application/octet-stream',
      () => ({ body: bytes, headers: { 'content-type': 'application/octet-stream' } }),
    ],
    [
      'raw bytes with the content type that curl --data-binary sends',
      () => ({ body: bytes, headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    ['a url in a form', () => ({ body: new URLSearchParams({ url: `${photos.url}/Bag-1.png` }) })],
    ['a url in a multipart form', () => ({ body: form({ url: `${photos.url}/Bag-1.png` }) })],
    [
      'a url in JSON',
      () => ({
        body: JSON.stringify({ url: `${photos.url}/Bag-1.png` }),
        headers: { 'content-type': 'application/json' },
      }),
    ],
  ])('%s', async (_name, init) => {
    expect(await post(service, init())).toMatchObject({ status: 200, text: 'Bag\n' });
  });

  test.each<[string, RequestInit]>([
    ['no body', {}],
    ['an empty form', { body: new URLSearchParams() }],
    ['a form with an empty url', { body: new URLSearchParams({ url: ' ' }) }],
    ['an empty multipart form', { body: form({ url: '' }) }],
    ['JSON without a url', { body: '{}', headers: { 'content-type': 'application/json' } }],
    ['JSON with null as its url', { body: '{"url":null}', headers: { 'content-type': 'application/json' } }],
    ['JSON with an empty url', { body: '{"url":""}', headers: { 'content-type': 'application/json' } }],
  ])('the sample photos if the request has %s', async (_name, init) => {
    expect(await post(service, init)).toMatchObject({ status: 200, text: 'Sneaker\n' });
  });
});

describe('reads the same picture from', () => {
  const original = () => sharp(sample('Bag-1.png'));
  test.each<[string, () => Sharp]>([
    ['JPEG', () => original().jpeg()],
    ['WebP', () => original().webp()],
    ['GIF', () => original().gif()],
    ['AVIF', () => original().avif()],
    ['TIFF', () => original().tiff()],
    ['a grey PNG', () => original().greyscale().toColourspace('b-w').png()],
    ['a CMYK JPEG', () => original().toColourspace('cmyk').jpeg()],
    ['a 16-bit PNG', () => original().toColourspace('rgb16').png()],
    ['a PNG with alpha', () => original().ensureAlpha(1).png()],
    ['a JPEG that EXIF rotates', () => original().rotate(270).jpeg().withMetadata({ orientation: 6 })],
    ['a JPEG of 3,000 × 2,000 pixels', () => original().resize(3000, 2000, { fit: 'fill' }).jpeg()],
  ])('%s', async (_name, make) => {
    const file = await make().toBuffer();
    expect(await post(service, { body: form({ file }) })).toMatchObject({ status: 200, text: 'Bag\n' });
  });
});

test('answers JSON with the five most probable classes, the model and the timings', async () => {
  const { text, type } = await post(service, {
    body: new URLSearchParams({ url: `${photos.url}/Coat-1.png` }),
    headers: json,
  });
  expect(type).toContain('application/json');
  const answer = JSON.parse(text) as Answer;
  expect(answer).toMatchObject({
    label: 'Coat',
    source: 'url',
    model: {
      name: 'fashion-vgg16',
      demonstration: true,
      engine: expect.any(String),
      processes: 1,
      input: { width: 32, height: 32 },
      classes: 10,
    },
  });
  expect(answer.top).toHaveLength(5);
  expect(answer.top.map(({ probability }) => probability)).toEqual(
    answer.top.map(({ probability }) => probability).sort((a, b) => b - a),
  );
  expect(Object.keys(answer.timings)).toEqual(['download', 'decode', 'predict', 'total']);
});

test('answers a page with the picture, the label and the name of the model', async () => {
  const { text, type } = await post(service, {
    body: form({ file: sample('Dress-1.png') }),
    headers: { accept: 'text/html' },
  });
  expect(type).toBe('text/html; charset=utf-8');
  expect(text).toContain('<p class="label">Dress</p>');
  expect(text).toContain('data:image/png;base64,');
  expect(text).toContain('fashion-vgg16');
  expect(text).toContain('npm start -- --download');
});

test('answers many clients at once, each with its own label', async () => {
  const answers = await Promise.all(
    samples.map(({ bytes }) => post(service, { body: form({ file: bytes }) })),
  );
  expect(answers.map(({ text }) => text.trim())).toEqual(samples.map(({ label }) => label));
});
