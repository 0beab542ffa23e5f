import { performance } from 'node:perf_hooks';

import { type Request, type Response, Router } from 'express';

import { FORMAT_NAMES } from '../../imaging/format.js';
import { vggPage } from '../../pages/vgg-page.js';
import { jsonAnswer, type Timings } from '../answer.js';
import type { AppOptions } from '../app-options.js';
import { ClientGone, clientGone } from '../client-gone.js';
import { findImage } from '../find-image.js';
import { limitInFlight } from '../limit-in-flight.js';
import { MemoryBudget, type TakeMemory } from '../memory-budget.js';
import { onlyMethods } from '../methods.js';
import { negotiate } from '../negotiate.js';
import { requireModel } from '../not-ready.js';
import { problemFromError } from '../problem-from-error.js';
import { type ImageSource, MAX_IMAGE_BYTES } from '../request/image-source.js';
import { readImageSource } from '../request/read-image-source.js';

/** Media types of `POST /vgg`. The first one is for clients that accept any type. */
const answerTypes = ['text/plain', 'application/json', 'text/html'] as const;

/** Limit for the requests whose image is in memory at the same time. */
const MAX_IN_FLIGHT = 128;
/** Limit in bytes for all those images together. Without it they could hold 4 GiB. */
const MAX_BYTES_IN_FLIGHT = 512 * 2 ** 20;

/** Instructions for programs. */
const howToPost = {
  body: {
    'multipart/form-data': 'file, or url',
    'application/x-www-form-urlencoded': 'url',
    'application/json': '{"url": "https://…"}',
    'application/octet-stream, image/*': 'the bytes of the image',
    none: 'a sample photo',
  },
  formats: FORMAT_NAMES,
  maxBytes: MAX_IMAGE_BYTES,
  answers: answerTypes,
};

/** `/vgg`: the form and the answer. */
export function vggRoutes({ model, agentFor, sample, samples }: AppOptions): Router {
  const router = Router();
  const budget = new MemoryBudget(MAX_BYTES_IN_FLIGHT);

  const form = (request: Request, response: Response): void => {
    response.vary('accept');
    if (negotiate(request, ['text/html', 'application/json']) === 'application/json') {
      response.json({ state: model.state, model: model.info ?? null, post: howToPost });
      return;
    }
    response.type('html').send(vggPage(model, { samples }).text);
  };

  const answerFor = async (
    source: ImageSource,
    { take, signal }: { take: TakeMemory; signal: AbortSignal },
  ) => {
    try {
      const image = await findImage(source, { sample, agentFor, take, signal });
      return { image, classification: await model.classify(image.bytes, signal) };
    } catch (error) {
      throw error instanceof ClientGone ? error : problemFromError(error, fieldOf(source));
    }
  };

  const classify = async (request: Request, response: Response): Promise<void> => {
    const began = performance.now();
    response.vary('accept');
    const type = negotiate(request, answerTypes);
    requireModel(model);
    const signal = clientGone(response);
    const take = budget.share(response);
    const source = await readImageSource(request, take);
    const { image, classification } = await answerFor(source, { take, signal });
    const timings: Timings = {
      ...(image.downloadMs === undefined ? {} : { download: image.downloadMs }),
      ...classification.timings,
      total: performance.now() - began,
    };
    response.set('cache-control', 'no-store').type(type);
    switch (type) {
      case 'text/plain':
        response.send(`${classification.top[0]?.label ?? ''}\n`);
        break;
      case 'application/json':
        response.send(
          `${JSON.stringify(jsonAnswer({ classification, image, info: model.info, timings }), undefined, 2)}\n`,
        );
        break;
      case 'text/html':
        response.send(
          vggPage(model, { samples, result: { ...image, top: classification.top, timings } }).text,
        );
        break;
    }
  };

  router
    .route('/vgg')
    .get(form)
    .post(limitInFlight(MAX_IN_FLIGHT), classify)
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  return router;
}

function fieldOf(source: ImageSource): 'url' | 'file' | undefined {
  switch (source.kind) {
    case 'url':
      return 'url';
    case 'upload':
      return source.field;
    case 'sample':
      return undefined;
  }
}
