import type { IncomingMessage, ServerResponse } from 'node:http';

import { sendJson } from '../answer/send-json.js';
import { callOptions } from '../call-options/call-options.js';
import { readiness, type StallOptions } from '../health/readiness.js';
import { inPlace } from '../limits/in-place.js';
import type { Limits } from '../limits/limits.js';
import { Problem } from '../problems/problem.js';
import { refuseCoding } from '../receive/media-type.js';
import { readBody } from '../receive/read-body.js';
import type { CallableClient } from '../routing/callable-client.js';
import type { Handler } from '../routing/handler.js';
import { type Exchange, type HandlerOptions, type Operation, type Route, router } from '../routing/router.js';
import type { TimeLimits } from '../time/time-limits.js';
import { sendProtocolError } from './answer-error.js';
import { readInferRequest } from './infer-request.js';
import { sendInferResponse } from './infer-response.js';
import { readPredictRequest, sendPredictions } from './predict.js';
import type { Tensors, TensorSpec } from './tensor.js';

/** Options of `openInference`. */
export interface OpenInferenceOptions extends HandlerOptions {
  /** Name of the model, as it stands in the addresses. */
  name: string;
  /**
   * Its version.
   * @default '1'
   */
  version?: string | undefined;
  /**
   * The program that runs it, for people, such as `onnx_onnxv1`.
   * @default 'dual_broker'
   */
  platform?: string | undefined;
  /** Its inputs. A request must have each of them. */
  inputs: readonly TensorSpec[];
  /** Its outputs, in the order in which they are answered. */
  outputs: readonly TensorSpec[];
  /** The pipeline's method. It is called with all inputs as one argument, `Tensors`, and returns all outputs the same way. */
  method: string;
  /**
   * Longest body of a request, in bytes.
   * @default 32 MiB
   */
  maxBytes?: number | undefined;
  /**
   * The longest time for a call, in ms: waiting and running.
   * @default 60_000
   */
  maxTime?: number | undefined;
  /**
   * How long the upload may take.
   * @default { total: 60_000, idle: 10_000 }
   */
  times?: TimeLimits | undefined;
  /**
   * Bounds that several endpoints share.
   * @default none
   */
  limits?: Limits | undefined;
  /**
   * When the pipeline counts as stalled, and so is not ready.
   * @default { factor: 10, atLeast: 30_000 }
   */
  stall?: StallOptions | undefined;
}

/**
 * Serves a model by the Open Inference Protocol (version 2, REST) with its binary tensor extension, as KServe and Triton do,
 * and by the predict requests of TensorFlow Serving.
 * @param client The pipeline's client.
 * @param options The model, and bounds.
 * @throws {TypeError} If the name or the version cannot stand in an address.
 */
export function openInference(client: CallableClient, options: OpenInferenceOptions): Handler {
  const { name, version = '1', platform = 'dual_broker', inputs, outputs, method, stall, maxTime } = options;
  for (const segment of [name, version])
    if (!/^[\w.-]+$/.test(segment))
      throw new TypeError(
        `The name or version ${JSON.stringify(segment)} has other characters than A-Z a-z 0-9 _ . -`,
      );

  const call = (tensors: Tensors, { req, res }: Exchange): Promise<unknown> =>
    client.call(method, [tensors], callOptions(req, res, { maxTime }));

  const infer: Operation = {
    run: async (exchange) => {
      const request = readInferRequest(exchange.req, await bodyOf(exchange.req, options), options);
      sendInferResponse(exchange.res, request, { name, version }, await call(request.inputs, exchange));
    },
    doc: {
      summary: `Infers by the model ${name}.`,
      requestBody: { required: true, content: { 'application/json': {}, 'application/octet-stream': {} } },
      responses: {
        200: { description: 'The outputs.' },
        400: { description: 'The request does not fit the model.' },
      },
    },
  };
  const predict: Operation = {
    run: async (exchange) => {
      const request = readPredictRequest(await bodyOf(exchange.req, options), options);
      sendPredictions(exchange.res, request, outputs, await call(request.inputs, exchange));
    },
    doc: {
      summary: `Predicts by the model ${name}, as TensorFlow Serving does.`,
      requestBody: { required: true, content: { 'application/json': {} } },
      responses: {
        200: { description: 'The predictions.' },
        400: { description: 'The request does not fit the model.' },
      },
    },
  };
  const ready = get('Whether the model can take requests.', ({ res }) => {
    const { ready: can, reason } = readiness(client, stall);
    if (!can)
      throw new Problem({
        status: 503,
        code: 'ERR_NOT_READY',
        detail: reason ?? 'The model is not ready.',
        retryAfter: 1,
      });
    sendJson(res, 200, { name, ready: true });
  });
  const metadata = get(`The inputs and outputs of the model ${name}.`, ({ res }) => {
    sendJson(res, 200, { name, versions: [version], platform, inputs, outputs });
  });
  const status = get(`The state of the model ${name}, as TensorFlow Serving tells it.`, ({ res }) => {
    const state = readiness(client, stall).ready ? 'AVAILABLE' : 'LOADING';
    const known = { error_code: 'OK', error_message: '' };
    sendJson(res, 200, { model_version_status: [{ version, state, status: known }] });
  });

  const routes: Route[] = [
    {
      path: '/v2',
      methods: get('The server.', ({ res }) => {
        sendJson(res, 200, { name: 'dual-http', version: '2', extensions: ['binary_tensor_data'] });
      }),
    },
    {
      path: '/v2/health/live',
      methods: get('Whether the server answers.', ({ res }) => {
        sendJson(res, 200, { live: true });
      }),
    },
    { path: '/v2/health/ready', methods: ready },
    ...['', `/versions/${version}`].flatMap((suffix) => [
      { path: `/v2/models/${name}${suffix}`, methods: metadata },
      { path: `/v2/models/${name}${suffix}/ready`, methods: ready },
      { path: `/v2/models/${name}${suffix}/infer`, methods: { POST: infer } },
      { path: `/v1/models/${name}${suffix}`, methods: status },
      { path: `/v1/models/${name}${suffix}:predict`, methods: { POST: predict } },
    ]),
  ];
  return router(routes, { ...options, answerError: sendProtocolError });
}

function get(summary: string, run: (exchange: { readonly res: ServerResponse }) => void): Route['methods'] {
  return { GET: { run, doc: { summary, responses: { 200: { description: 'It is told.' } } } } };
}

async function bodyOf(
  req: IncomingMessage,
  { maxBytes = 32 * 2 ** 20, times = {}, limits }: OpenInferenceOptions,
): Promise<Buffer> {
  refuseCoding(req);
  return inPlace(limits, 'receiving', req, () =>
    readBody(req, { maxBytes, times, take: (bytes) => limits?.take(req, bytes) }),
  );
}
