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
 * Finds the image of a request: in the body, in a form, or behind a URL.
 *
 * @throws {Problem} When the request is malformed (400), is too large (413) or has an unsupported type (415), or when
 *   all requests together would hold too much memory (503).
 * @throws {ClientGone} When the client closed the connection.
 */
export async function readImageSource(request: Request, take: TakeMemory): Promise<ImageSource> {
  refuseEncoded(request);
  refuseQuery(request);
  const header = request.headers['content-type'];
  // `curl -X POST` sends neither a body nor a content type.
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
        detail: `A body of type ${type} is not supported. Send an image (application/octet-stream, or image/* except SVG), a form, or JSON.`,
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
      detail: 'The Content-Type header is malformed. Send one such as image/jpeg.',
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
    detail: 'The body has a Content-Encoding, which is not supported. Send it uncompressed.',
    field: 'Content-Encoding',
  });
}

/** Refuses a query. Otherwise `?url=…` would be ignored, and the answer would be for the sample photo. */
function refuseQuery({ query }: Request): void {
  const [name] = Object.keys(query);
  if (name === undefined) return;
  throw new Problem({
    status: 400,
    code: 'ERR_QUERY',
    detail: 'The address has a query, which is not supported. Send the url in the body.',
    field: 'query',
  });
}
