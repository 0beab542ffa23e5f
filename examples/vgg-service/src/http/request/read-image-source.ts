import { MIMEType } from 'node:util';

import type { Request } from 'express';

import type { TakeMemory } from '../memory-budget.js';
import { Problem } from '../problem.js';
import { type ImageSource, MAX_IMAGE_BYTES } from './image-source.js';
import { readBody } from './read-body.js';
import { readForm } from './read-form.js';
import { readJson } from './read-json.js';
import { readMultipart } from './read-multipart.js';

/**
 * Finds out where the image of a request is: in the body, in a form, or behind a URL.
 *
 * @throws {Problem} 400, 413 or 415; 503 where there is no memory left.
 */
export async function readImageSource(request: Request, take: TakeMemory): Promise<ImageSource> {
  refuseEncoded(request);
  refuseQuery(request);
  const header = request.headers['content-type'];
  // `curl -X POST` sends neither a body nor a type: nothing was given.
  if (header === undefined && !hasBody(request)) return { kind: 'sample' };
  const type = parseType(header);
  switch (type) {
    case 'application/x-www-form-urlencoded':
      return readForm(request, take);
    case 'application/json':
      return readJson(request, take);
    case 'multipart/form-data':
      return readMultipart(request, header ?? '', take);
    case undefined:
    case 'application/octet-stream':
      return { kind: 'upload', bytes: await readBody(request, MAX_IMAGE_BYTES, take), origin: 'The body' };
    default:
      if (type.startsWith('image/') && type !== 'image/svg+xml') {
        return { kind: 'upload', bytes: await readBody(request, MAX_IMAGE_BYTES, take), origin: 'The body' };
      }
      throw new Problem({
        status: 415,
        code: 'ERR_CONTENT_TYPE',
        detail: `A body of type ${type} is not taken. Send an image (image/*, but no SVG, or application/octet-stream), a form, or JSON.`,
        field: 'Content-Type',
      });
  }
}

function parseType(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return new MIMEType(header).essence;
  } catch (error) {
    throw new Problem({
      status: 415,
      code: 'ERR_CONTENT_TYPE',
      detail: 'The Content-Type header cannot be read.',
      field: 'Content-Type',
      cause: error,
    });
  }
}

function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function refuseEncoded({ headers }: Request): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new Problem({
    status: 415,
    code: 'ERR_CONTENT_ENCODING',
    detail: 'A compressed body is not taken: send it as it is.',
    field: 'Content-Encoding',
  });
}

/** A url in the address would be passed over in silence otherwise, and the sample photo answered for. */
function refuseQuery({ query }: Request): void {
  const [name] = Object.keys(query);
  if (name === undefined) return;
  throw new Problem({
    status: 400,
    code: 'ERR_QUERY',
    detail: 'This address takes no query: the url goes into the body.',
    field: 'query',
  });
}
