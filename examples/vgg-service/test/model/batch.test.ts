import { fileURLToPath } from 'node:url';

import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { decodeImage } from '../../src/decoder/decode.js';
import { batch } from '../../src/model/model.js';
import { demonstrationModel } from '../../src/package-files.js';
import type makePipeline from '../../src/pipeline.js';
import { modelProcess } from '../support/busy.js';
import { form, post, type ProblemDocument } from '../support/post.js';
import { sample, samples } from '../support/samples.js';
import { startService } from '../support/service.js';

const pipeline = new URL('../../dist/pipeline.js', import.meta.url);
const broken = sample('Bag-1.png').subarray(0, 100);

test('classifies waiting images in one batch, with the same results as one by one', async () => {
  await using broker = new Broker<typeof makePipeline>(pipeline, {
    args: [{ file: fileURLToPath(demonstrationModel.weights), kind: 'weights', engine: 'auto' }],
    batch: batch(8),
  });
  const questions = await Promise.all(
    samples.slice(0, 4).map(async ({ bytes }) => ({
      pixels: await decodeImage(bytes, { width: 32, height: 32 }),
      top: 5,
      scores: false,
    })),
  );
  // The broker sends no call before the model is loaded, so all images wait.
  const together = await Promise.all(questions.map((question) => broker.call('classify', [question])));
  expect(broker.stats().batches).toMatchObject({ classify: { count: 1, calls: 4 } });
  for (const [i, question] of questions.entries()) {
    const alone = await broker.call('classify', [question]);
    expect(together[i]?.top.map(({ index }) => index)).toEqual(alone.top.map(({ index }) => index));
    for (const [place, { probability }] of alone.top.entries())
      expect(together[i]?.top[place]?.probability).toBeCloseTo(probability, 5);
  }
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
