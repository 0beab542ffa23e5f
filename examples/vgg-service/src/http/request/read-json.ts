import type { Request } from 'express';

import type { TakeMemory } from '../memory-budget.js';
import { Problem } from '../problem.js';
import { type ImageSource, MAX_TEXT_BYTES, oneSource, unknownField } from './image-source.js';
import { readBody } from './read-body.js';

/** `application/json`: `{ "url": "https://…" }`. Without a url, it is the sample photo. */
export async function readJson(request: Request, take: TakeMemory): Promise<ImageSource> {
  const text = (await readBody(request, MAX_TEXT_BYTES, take)).toString('utf8');
  const document = parse(text);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid(
      'The JSON document is not an object. Send one such as {"url": "https://example.com/cat.jpg"}.',
    );
  }
  for (const name of Object.keys(document)) {
    if (name !== 'url') throw unknownField(name, 'a JSON document has only "url"');
  }
  const url = 'url' in document ? document.url : undefined;
  if (url === undefined || url === null) return { kind: 'sample' };
  if (isTexts(url)) return oneSource(url, []);
  if (typeof url !== 'string') throw invalid(`The url has the type ${typeof url}. Send a string.`, 'url');
  return oneSource([url], []);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(
      'The body is not valid JSON. Send a document such as {"url": "https://example.com/cat.jpg"}.',
      undefined,
      error,
    );
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function invalid(detail: string, field?: string, cause?: unknown): Problem {
  return new Problem({ status: 400, code: 'ERR_JSON', detail, field, cause });
}
