import { performance } from 'node:perf_hooks';

import type { Broker } from '@dual/broker';
import { ClientGone, type Input, Problem } from '@dual/http';

import type { Decoders } from './decoder/decoders.js';
import { type FoundImage, foundImage, foundSample } from './http/found-image.js';
import { problemOf } from './http/problems.js';
import type { ModelInfo } from './model/model.js';
import type { Sample } from './model/samples.js';
import type makePipeline from './pipeline.js';
import type { Classification, Question } from './pipeline.js';
import type { Settings } from './settings/command-line.js';
import { waitingPlaces } from './settings/waiting-places.js';

/** The answer for one image. Times are in ms. `download` is there only for a URL; `total` begins with the request. */
export interface Result {
  image: FoundImage;
  classification: Classification;
  timings: Readonly<Record<string, number>>;
}

/** The parts of a request that all its images share. */
export interface Request {
  broker: Broker<typeof makePipeline>;
  info: ModelInfo;
  question: Omit<Question, 'pixels'>;
  /** Classified if the request has no image. */
  sample: Sample;
  signal: AbortSignal;
  /** Arrival of the request, by `performance.now()`. */
  began: number;
}

/**
 * Makes the function that classifies the images of a request: one process decodes them, another classifies them. Its result
 * has a problem for each image that failed, so that one bad image does not spoil the others.
 *
 * @throws {Problem} When no image could be classified, or too many wait already (429).
 * @throws {ClientGone} When the client has closed the connection.
 */
export function classifier(decoders: Decoders, settings: Settings) {
  const places = waitingPlaces(settings);
  let waiting = 0;
  return async (inputs: readonly Input[], request: Request): Promise<(Result | Problem)[]> => {
    const sources = inputs.length === 0 ? [request.sample] : inputs;
    // Refused before it is decoded: the broker would refuse it after that.
    if (waiting + sources.length > places) throw tooMany(request.broker, waiting / settings['batch-size']);
    waiting += sources.length;
    const results = await Promise.allSettled(
      sources.map(async (source) =>
        one(decoders, source, request).finally(() => {
          waiting -= 1;
        }),
      ),
    );
    const answers = results.map((result, at) => {
      if (result.status === 'fulfilled') return result.value;
      if (result.reason instanceof ClientGone) throw result.reason;
      const source = inputs[at]?.source;
      return problemOf(result.reason, source === 'body' ? undefined : source);
    });
    const [first] = answers;
    if (first instanceof Error && answers.every((answer) => answer instanceof Error)) throw first;
    return answers;
  };
}

async function one(
  decoders: Decoders,
  source: Input | Sample,
  { broker, info, question, signal, began }: Request,
): Promise<Result> {
  const image = 'caption' in source ? foundSample(source) : foundImage(source);
  const { pixels, ms: decode } = await decoders.decode(image.bytes, info.input, signal);
  const classification = await broker.call('classify', [{ ...question, pixels }], { signal });
  const { predict } = classification;
  const total = performance.now() - began;
  const download = image.downloadMs === undefined ? {} : { download: image.downloadMs };
  return { image, classification, timings: { ...download, decode, predict, total } };
}

function tooMany(broker: Request['broker'], batches: number): Problem {
  const { p50 = 0 } = broker.stats().runningTime;
  return new Problem({
    status: 429,
    code: 'ERR_DUAL_QUEUE_FULL',
    detail: 'Too many images are already waiting. Try again in a moment.',
    retryAfter: Math.max(1, Math.ceil((batches * p50) / 1_000)),
  });
}
