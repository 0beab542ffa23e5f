import { Router } from 'express';

import { landingPage } from '../../pages/landing-page.js';
import type { AppOptions } from '../app-options.js';
import { endpoints } from '../endpoints.js';
import { onlyMethods } from '../methods.js';
import { negotiate } from '../negotiate.js';

/** `GET /`: the list of endpoints. */
export function landingRoutes({ model }: AppOptions): Router {
  const router = Router();
  router
    .route('/')
    .get((request, response) => {
      response.vary('accept');
      if (negotiate(request, ['text/html', 'application/json']) === 'application/json') {
        response.json({ service: 'vgg-service', state: model.state, model: model.info ?? null, endpoints });
        return;
      }
      const origin = `${request.protocol}://${request.get('host') ?? 'localhost'}`;
      response.type('html').send(landingPage(model, { endpoints, origin }).text);
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
