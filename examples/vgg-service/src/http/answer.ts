import { Problem } from '@dual/http';
import type { Response } from 'express';

import type { Result } from '../classify.js';
import type { ModelInfo, ModelStatus } from '../model/model.js';
import { vggPage } from '../pages/vgg-page.js';

/** Media types of `POST /vgg`. The first one is for clients that accept any type. */
export const ANSWERS = ['text/plain', 'application/json', 'text/html'] as const;

interface Answer {
  type: (typeof ANSWERS)[number];
  results: readonly (Result | Problem)[];
  model: ModelStatus;
  samples: readonly string[];
}

/** Answers `POST /vgg`: the labels, JSON, or the page. */
export function sendResults(response: Response, { type, results, model, samples }: Answer): void {
  response.set('cache-control', 'no-store').type(type);
  switch (type) {
    case 'text/plain':
      response.send(results.map((result) => `${line(result)}\n`).join(''));
      break;
    case 'application/json':
      response.send(`${JSON.stringify(json(results, model.info), undefined, 2)}\n`);
      break;
    case 'text/html':
      response.send(vggPage(model, { samples, results }).text);
      break;
  }
}

function line(result: Result | Problem): string {
  if (result instanceof Problem) return `${result.code}: ${result.message}`;
  return result.classification.top[0]?.label ?? '';
}

/** One image: its answer. Several: `results`, in the order of the request. */
function json(results: readonly (Result | Problem)[], info: ModelInfo | undefined) {
  const model = info && modelJson(info);
  const [only] = results;
  if (results.length === 1 && only !== undefined && !(only instanceof Problem))
    return { ...resultJson(only), model };
  return {
    results: results.map((result) => (result instanceof Problem ? { problem: result } : resultJson(result))),
    model,
  };
}

function resultJson({ image, classification: { top, scores }, timings }: Result) {
  return {
    label: top[0]?.label,
    probability: top[0]?.probability,
    top,
    ...(scores && { scores: [...scores] }),
    source: image.source,
    timings: Object.fromEntries(
      Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 100) / 100]),
    ),
  };
}

function modelJson({
  name,
  demonstration,
  engine,
  processes,
  input,
  classes,
  preprocessing,
  output,
}: ModelInfo) {
  return { name, demonstration, engine, processes, input, classes, preprocessing, output };
}
