import { fileURLToPath } from 'node:url';

import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { batch } from '../../src/model/model-host.js';
import { demonstrationModel } from '../../src/package-files.js';
import type makePipeline from '../../src/pipeline.js';
import { modelProcess } from '../support/busy.js';
import { form, post, type ProblemDocument } from '../support/post.js';
import { sample, samples } from '../support/samples.js';
import { startService } from '../support/service.js';

const pipeline = new URL('../../dist/pipeline.js', import.meta.url);
const broken = sample('Bag-1.png').subarray(0, 100);

function makeBroker(): Broker<typeof makePipeline> {
  return new Broker<typeof makePipeline>(pipeline, {
    args: [{ file: fileURLToPath(demonstrationModel.weights), kind: 'weights', engine: 'auto' }],
    batch,
  });
}

test('classifies waiting images in one batch, with the same results as one by one', async () => {
  await using broker = makeBroker();
  const images = samples.slice(0, 4).map(({ bytes }) => bytes);
  // The broker sends no call before the model is loaded, so all images wait.
  const together = await Promise.all(images.map((image) => broker.call('classify', [image])));
  expect(broker.stats().batches).toMatchObject({ classify: { count: 1, calls: 4 } });
  for (const [i, image] of images.entries()) {
    const alone = await broker.call('classify', [image]);
    expect(together[i]?.top.map(({ index }) => index)).toEqual(alone.top.map(({ index }) => index));
    for (const [place, { probability }] of alone.top.entries())
      expect(together[i]?.top[place]?.probability).toBeCloseTo(probability, 5);
  }
});

test('rejects only the images of a batch that cannot be decoded', async () => {
  await using broker = makeBroker();
  const images = [sample('Bag-1.png'), broken, sample('Sneaker-1.png'), broken];
  const answers = await Promise.allSettled(images.map((image) => broker.call('classify', [image])));
  expect(broker.stats().batches).toMatchObject({ classify: { count: 1, calls: 4 } });
  expect(answers).toMatchObject([
    { value: { top: [{ index: 8 }, {}, {}, {}, {}] } },
    { reason: { name: 'ImageError', code: 'ERR_IMAGE_CORRUPT' } },
    { value: { top: [{ index: 7 }, {}, {}, {}, {}] } },
    { reason: { name: 'ImageError', code: 'ERR_IMAGE_CORRUPT' } },
  ]);
});

test('rejects every image of a batch if none can be decoded', async () => {
  await using broker = makeBroker();
  const answers = await Promise.allSettled([1, 2].map(() => broker.call('classify', [broken])));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('answers every image of a batch over HTTP, even if one cannot be decoded', async () => {
  await using service = await startService();
  const model = modelProcess(service);
  process.kill(model, 'SIGSTOP');
  const asked = [sample('Bag-1.png'), broken, sample('Sneaker-1.png'), sample('Bag-1.png')].map((file) =>
    post(service, { body: form({ file }) }),
  );
  process.kill(model, 'SIGCONT');
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual([200, 422, 200, 200]);
  expect(JSON.parse(answers[1]?.text ?? '') as ProblemDocument).toMatchObject({ code: 'ERR_IMAGE_CORRUPT' });
});
