import { Readable } from 'node:stream';

import type { Response } from 'node-fetch';

import { DownloadError } from '../errors.js';
import type { PartialFile } from './partial-file.js';

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
 * version, else the whole file. If it sends any other part, the whole file is requested. Network errors are passed on
 * unchanged.
 *
 * @throws {DownloadError} When the server answers with an error (`ERR_KERAS_DOWNLOAD_STATUS`).
 */
export async function requestRest(
  url: URL,
  { received, validator }: Pick<PartialFile, 'received' | 'validator'>,
  signal: AbortSignal,
): Promise<Delivery> {
  const resume = received > 0 && validator !== undefined;
  // Loaded only here: most users never download anything.
  const { default: fetch } = await import('node-fetch');
  const response = await fetch(url, {
    signal,
    headers: {
      'user-agent': 'dual-keras',
      // Compression would change the offsets.
      'accept-encoding': 'identity',
      ...(resume ? { range: `bytes=${received}-`, 'if-range': validator } : {}),
    },
  });
  const { status, headers } = response;
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/u.exec(headers.get('content-range') ?? '');
  const total = range === null || range[3] === '*' ? undefined : Number(range[3]);
  if (resume && status === 206 && Number(range?.[1]) === received && !hasChanged(response, validator)) {
    return { body: bytesOf(response.body), from: received, total, validator };
  }
  // The file is complete: an earlier process ended after its last byte, before the check.
  if (resume && status === 416 && total === received) {
    discard(response);
    return { body: bytesOf(null), from: received, total, validator };
  }
  if (resume && (status === 206 || status === 416)) {
    discard(response);
    return requestRest(url, { received: 0, validator: undefined }, signal);
  }
  if (status === 200) return whole(response);
  discard(response);
  throw new DownloadError(
    'ERR_KERAS_DOWNLOAD_STATUS',
    `${url.host} answered ${`${status} ${response.statusText}`.trim()} for ${url.pathname}. Check the URL, or try again later`,
    { url, status },
  );
}

/** If the server compresses the file in spite of the request, its length and offsets are not those of the file. */
function whole({ body, headers }: Response): Delivery {
  const encoding = headers.get('content-encoding') ?? 'identity';
  const length = headers.get('content-length');
  const usable = encoding === 'identity';
  const etag = headers.get('etag');
  const strong = etag !== null && !etag.startsWith('W/') ? etag : undefined;
  return {
    body: bytesOf(body),
    from: 0,
    total: usable && length !== null ? Number(length) : undefined,
    validator: usable ? (strong ?? headers.get('last-modified') ?? undefined) : undefined,
  };
}

/** Whether a part is of another version than the bytes here, although the server should have noticed. */
function hasChanged({ headers }: Response, validator: string): boolean {
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return true;
  const etag = headers.get('etag');
  return validator.startsWith('"') && etag !== null && etag !== validator;
}

async function* bytesOf(body: Response['body']): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** Closes the connection of a response whose body is not needed. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}
