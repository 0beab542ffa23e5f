import type { Request } from 'express';

import { detectFormat } from '../../imaging/format.js';
import type { TakeMemory } from '../memory-budget.js';
import { type ImageSource, maxImageBytes, maxTextBytes, oneSource, unknownField } from './image-source.js';
import { readBody, tooLarge } from './read-body.js';

/** `application/x-www-form-urlencoded`: `url=…`, or an image that `curl --data-binary` labelled so for want of better. */
export async function readForm(request: Request, take: TakeMemory): Promise<ImageSource> {
  const body = await readBody(request, maxImageBytes, take);
  if (detectFormat(body)) return { kind: 'upload', bytes: body, origin: 'The body' };
  if (body.length > maxTextBytes) throw tooLarge(maxTextBytes);
  const fields = new URLSearchParams(body.toString('utf8'));
  for (const name of fields.keys()) {
    if (name !== 'url') throw unknownField(name, 'a form has "url"');
  }
  return oneSource(fields.getAll('url'), []);
}
