import { Readable } from 'node:stream';

import fetch, { type Response } from 'node-fetch';

import type { PartialFile } from './partial-file.js';
import { WeightsError } from './weights-error.js';

/** What the server has decided to send. */
export interface Delivery {
  body: AsyncIterable<Uint8Array>;
  /** Where in the file the body begins: 0 where the server starts over. */
  from: number;
  /** Of the whole file, in bytes; undefined where the server does not say. */
  total: number | undefined;
  /** Of this version of the file, fit for `If-Range`. */
  validator: string | undefined;
}

/**
 * Asks for the rest of a file (RFC 9110, 14): the server sends it only if the version is still the one that the
 * first part is of, and the whole file otherwise.
 *
 * @throws {WeightsError} `ERR_WEIGHTS_STATUS`; a network error as it is.
 */
export async function requestRest(
  url: URL,
  { received, validator }: PartialFile,
  signal: AbortSignal,
): Promise<Delivery> {
  const resume = received > 0 && validator !== undefined;
  const response = await fetch(url, {
    signal,
    headers: {
      'user-agent': 'vgg-service',
      // A compressed body would have other offsets.
      'accept-encoding': 'identity',
      ...(resume ? { range: `bytes=${received}-`, 'if-range': validator } : {}),
    },
  });
  if (response.status === 206 && resume)
    return { ...delivery(response), ...contentRange(response, url, received) };
  if (response.status === 416 && resume) {
    discard(response);
    // All of it is here already: an earlier process ended between its last byte and its check.
    if (response.headers.get('content-range') === `bytes */${received}`)
      return { ...delivery(response), body: bytesOf(null), from: received, total: received };
    // The file has become shorter than what is here: it is another one, to be fetched from its beginning.
    return requestRest(url, { path: '', received: 0, validator: undefined }, signal);
  }
  if (response.status !== 200) {
    throw new WeightsError(
      'ERR_WEIGHTS_STATUS',
      `${url.host} answered ${response.status} ${response.statusText} for ${url.pathname}.`,
    );
  }
  const length = response.headers.get('content-length');
  return { ...delivery(response), from: 0, total: length === null ? undefined : Number(length) };
}

function delivery({ body, headers }: Response): Pick<Delivery, 'body' | 'validator'> {
  const etag = headers.get('etag');
  const strong = etag !== null && !etag.startsWith('W/') ? etag : undefined;
  return { body: bytesOf(body), validator: strong ?? headers.get('last-modified') ?? undefined };
}

async function* bytesOf(body: Response['body']): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Lets go of a connection whose body nobody will read. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}

function contentRange(response: Response, url: URL, expected: number): Pick<Delivery, 'from' | 'total'> {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (!match || Number(match[1]) !== expected) {
    throw new WeightsError(
      'ERR_WEIGHTS_STATUS',
      `${url.host} sent another part of the file than was asked for.`,
    );
  }
  return { from: expected, total: match[2] === '*' ? undefined : Number(match[2]) };
}
