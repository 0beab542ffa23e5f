import type { Request } from 'express';

import { detectFormat } from '../../imaging/format.js';
import type { TakeMemory } from '../memory-budget.js';
import {
  type ImageSource,
  MAX_IMAGE_BYTES,
  MAX_TEXT_BYTES,
  oneSource,
  unknownField,
} from './image-source.js';
import { readBody, tooLarge } from './read-body.js';

/** `application/x-www-form-urlencoded`: `url=…`, or image bytes: `curl --data-binary` sends them with this type. */
export async function readForm(request: Request, take: TakeMemory): Promise<ImageSource> {
  const body = await readBody(request, MAX_IMAGE_BYTES, take);
  if (detectFormat(body)) return { kind: 'upload', bytes: body, origin: 'The body' };
  if (body.length > MAX_TEXT_BYTES) throw tooLarge(MAX_TEXT_BYTES);
  const fields = new URLSearchParams(body.toString('utf8'));
  for (const name of fields.keys()) {
    if (name !== 'url') throw unknownField(name, 'a URL-encoded form has only "url"');
  }
  return oneSource(fields.getAll('url'), []);
}
