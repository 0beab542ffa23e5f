import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

import {
  answerTimeout,
  callOptions,
  health,
  limits,
  Problem,
  receive,
  type ReceiveOptions,
} from '@dual/http';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';

import { classifier } from './classify.js';
import type { Decoders } from './decoder/decoders.js';
import { accessLog } from './http/access-log.js';
import { ANSWERS, sendResults } from './http/answer.js';
import { answerProblem } from './http/answer-problem.js';
import { endpoints, howToPost } from './http/endpoints.js';
import { guards } from './http/guards.js';
import { onlyMethods } from './http/methods.js';
import { negotiate, plainAccept } from './http/negotiate.js';
import { FIELDS, readQuestion } from './http/question.js';
import { securityHeaders } from './http/security-headers.js';
import type { ModelStatus } from './model/model.js';
import type { Sample } from './model/samples.js';
import { demonstrationModel, publicFolder } from './package-files.js';
import { landingPage, landingText } from './pages/landing-page.js';
import { vggPage } from './pages/vgg-page.js';
import type { Settings } from './settings/command-line.js';

/** The parts that the endpoints use. */
export interface AppParts {
  settings: Settings;
  log: Logger;
  model: ModelStatus;
  decoders: Decoders;
  /** How the image behind a URL is fetched. */
  download: ReceiveOptions['download'];
  sample: Sample;
  /** File names of the sample photos. */
  samples: readonly string[];
}

/** Builds the Express app with every endpoint of the service. */
export function makeApp(parts: AppParts): Express {
  const { settings, log, model, decoders, samples } = parts;
  const app = express();
  app.disable('x-powered-by').set('trust proxy', [...settings['trust-proxy']]);
  app.use(accessLog(log), securityHeaders, plainAccept, answerTimeout(settings['answer-timeout']));
  app.use(health([model, decoders.ordinary]));
  app.use('/assets', files(publicFolder), nothingHere);
  app.use('/samples', files(demonstrationModel.samples), nothingHere);
  for (const guard of guards(settings)) app.use(guard);
  app.route('/').get(landing(model)).all(onlyMethods('GET', 'HEAD'));
  app
    .route('/vgg')
    .get(form(model, samples))
    .post(classify(parts))
    .all(onlyMethods('GET', 'HEAD', 'POST'));
  app.use(nothingHere, answerProblem(log));
  return app;
}

/** `POST /vgg`: receives images, lets the other processes decode and classify them, and answers as the client likes. */
function classify({ settings, model, decoders, download, sample, samples }: AppParts): RequestHandler {
  const classifyAll = classifier(decoders, settings);
  const input: ReceiveOptions = {
    maxBytes: settings['max-bytes'],
    maxInputs: settings['max-images'],
    types: ['image/*', 'application/octet-stream', 'binary/octet-stream'],
    fields: FIELDS,
    times: { total: settings['upload-timeout'] },
    limits: limits({
      receiving: settings['max-uploads'],
      downloading: settings['max-downloads'],
      perClient: settings['per-client'],
      bytes: settings['max-memory'],
      client: (request) => ('ip' in request && typeof request.ip === 'string' ? request.ip : ''),
    }),
    download,
  };
  return async (request: Request, response: Response) => {
    const began = performance.now();
    response.vary('accept');
    const type = negotiate(request, ANSWERS);
    const { broker, info } = model.require();
    const { signal } = callOptions(request, response, { maxTime: Infinity });
    const { inputs, fields } = await receive(request, input);
    const question = readQuestion(fields, info.classes);
    const results = await classifyAll(inputs, { broker, info, question, sample, signal, began });
    sendResults(response, { type, results, model, samples });
  };
}

/** `GET /vgg`: the form. */
function form(model: ModelStatus, samples: readonly string[]): RequestHandler {
  return (request, response) => {
    response.vary('accept');
    const url = typeof request.query['url'] === 'string' ? request.query['url'] : '';
    if (negotiate(request, ['text/html', 'application/json']) === 'text/html') {
      response.type('html').send(vggPage(model, { samples, url }).text);
      return;
    }
    if (url !== '')
      throw new Problem({
        status: 400,
        code: 'ERR_QUERY',
        detail: 'GET classifies nothing. Send the url by POST, in the body.',
        field: 'url',
      });
    response.json({ state: model.readiness, model: model.info ?? null, post: howToPost });
  };
}

/** `GET /`: the list of endpoints. */
function landing(model: ModelStatus): RequestHandler {
  return (request, response) => {
    response.vary('accept');
    const origin = `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    switch (negotiate(request, ['text/html', 'application/json', 'text/plain'])) {
      case 'text/html':
        response.type('html').send(landingPage(model, { endpoints, origin }).text);
        break;
      case 'application/json':
        response.json({
          service: 'vgg-service',
          state: model.readiness,
          model: model.info ?? null,
          endpoints,
        });
        break;
      case 'text/plain':
        response.type('text').send(landingText(endpoints, origin));
        break;
    }
  };
}

function files(folder: URL): RequestHandler {
  return express.static(fileURLToPath(folder), { index: false, maxAge: '1h' });
}

const nothingHere: RequestHandler = () => {
  throw new Problem({
    status: 404,
    code: 'ERR_NOT_FOUND',
    detail: 'There is nothing at this address. GET / lists all endpoints.',
  });
};
