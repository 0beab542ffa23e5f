import { Router } from 'express';

import type { ModelHost } from '../../model/model-host.js';
import { onlyMethods } from '../methods.js';
import { notReady } from '../not-ready.js';

/** The web server itself answers health checks, because a model that computes cannot answer. */
export function healthRoutes(model: ModelHost): Router {
  const router = Router();
  router
    .route('/health/live')
    .get((_request, response) => {
      response.json({ status: 'live' });
    })
    .all(onlyMethods('GET', 'HEAD'));
  router
    .route('/health/ready')
    .get((_request, response) => {
      if (model.state !== 'ready') throw notReady(model.state);
      response.json({ state: model.state });
    })
    .all(onlyMethods('GET', 'HEAD'));
  return router;
}
