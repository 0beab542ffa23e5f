import { fileURLToPath } from 'node:url';

import express, { type Express } from 'express';

import { demonstrationModel, publicFolder } from '../package-files.js';
import { answerProblem } from './answer-problem.js';
import type { AppOptions } from './app-options.js';
import { Problem } from './problem.js';
import { healthRoutes } from './routes/health.js';
import { landingRoutes } from './routes/landing.js';
import { vggRoutes } from './routes/vgg.js';
import { securityHeaders } from './security-headers.js';

/** Builds the Express app with every route of the service. */
export function makeApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders);
  app.use('/assets', express.static(fileURLToPath(publicFolder), { index: false, maxAge: '1h' }));
  app.use(
    '/samples',
    express.static(fileURLToPath(demonstrationModel.samples), {
      index: false,
      maxAge: '1h',
      extensions: ['png'],
    }),
  );
  app.use(landingRoutes(options), vggRoutes(options), healthRoutes(options.model));
  app.use(() => {
    throw new Problem({
      status: 404,
      code: 'ERR_NOT_FOUND',
      detail: 'There is nothing at this address. GET / lists all endpoints.',
    });
  });
  app.use(answerProblem);
  return app;
}
