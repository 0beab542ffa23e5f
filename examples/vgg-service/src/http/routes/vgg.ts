import { performance } from 'node:perf_hooks';
import { type Request, type Response, Router } from 'express';
import { vggPage } from '../../pages/vgg-page.js';
import { jsonAnswer, type Timings } from '../answer.js';
import type { AppOptions } from '../app.js';
import { clientGone } from '../client-gone.js';
import { findImage } from '../find-image.js';
import { limitInFlight } from '../limit-in-flight.js';
import { onlyMethods } from '../methods.js';
import { negotiate } from '../negotiate.js';
import { requireModel } from '../not-ready.js';
import { readImageSource } from '../request/read-image-source.js';

/** Requests whose image is in memory at the same time. */
const maxInFlight = 128;

/** `/vgg`: the form, and the answer. */
export function vggRoutes({ model, agentFor, sample, samples }: AppOptions): Router {
  const router = Router();

  const form = (request: Request, response: Response): void => {
    response.vary('accept');
    negotiate(request, ['text/html']);
    response.type('html').send(vggPage(model, { samples }).text);
  };

  const classify = async (request: Request, response: Response): Promise<void> => {
    const began = performance.now();
    response.vary('accept');
    const type = negotiate(request, ['text/plain', 'application/json', 'text/html']);
    requireModel(model);
    const signal = clientGone(response);
    const image = await findImage(await readImageSource(request), { sample, agentFor, signal });
    const classification = await model.classify(image.bytes, signal);
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
    .post(limitInFlight(maxInFlight), classify)
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  return router;
}
