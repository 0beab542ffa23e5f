import { Readable } from 'node:stream';

import fetch, { type Response } from 'node-fetch';

import type { PartialFile } from './partial-file.js';
import { WeightsError } from './weights-error.js';

/** The answer of the server to a request for the rest of a file. */
export interface Delivery {
  body: AsyncIterable<Uint8Array>;
  /** Offset of the body in the file, in bytes; 0 if the server starts over. */
  from: number;
  /** Size of the whole file in bytes; undefined if the server does not say. */
  total: number | undefined;
  /** Strong ETag or date of this version of the file, for `If-Range`. */
  validator: string | undefined;
}

/**
 * Requests the rest of a file (RFC 9110, section 14). The server sends only the rest if the file is still the same
 * version, else the whole file. Network errors are passed on unchanged.
 *
 * @throws {WeightsError} When the server answers with an error or a wrong range (`ERR_WEIGHTS_STATUS`).
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
      // Compression would change the offsets.
      'accept-encoding': 'identity',
      ...(resume ? { range: `bytes=${received}-`, 'if-range': validator } : {}),
    },
  });
  if (response.status === 206 && resume)
    return { ...delivery(response), ...contentRange(response, url, received) };
  if (response.status === 416 && resume) {
    discard(response);
    // The file is complete: an earlier process ended after its last byte, before the check.
    if (response.headers.get('content-range') === `bytes */${received}`)
      return { ...delivery(response), body: bytesOf(null), from: received, total: received };
    // The file on the server is shorter than the part here, so it is another version. Start over.
    return requestRest(url, { path: '', received: 0, validator: undefined }, signal);
  }
  if (response.status !== 200) {
    throw new WeightsError(
      'ERR_WEIGHTS_STATUS',
      `${url.host} answered ${response.status} ${response.statusText} for ${url.pathname}. Check the URL.`,
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

/** Closes the connection of a response whose body is not needed. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}

function contentRange(response: Response, url: URL, expected: number): Pick<Delivery, 'from' | 'total'> {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (!match || Number(match[1]) !== expected) {
    throw new WeightsError(
      'ERR_WEIGHTS_STATUS',
      `${url.host} sent a part of the file that was not requested. Download the file with another program and use it with --weights FILE.`,
    );
  }
  return { from: expected, total: match[2] === '*' ? undefined : Number(match[2]) };
}
