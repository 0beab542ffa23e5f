import type { IncomingMessage } from 'node:http';
import { MIMEType } from 'node:util';

import { Problem } from '../problems/problem.js';

/**
 * Parses the header `Content-Type`.
 * @throws {Problem} If it is malformed (415).
 */
export function mediaType({ headers }: IncomingMessage): MIMEType | undefined {
  const header = headers['content-type'];
  if (header === undefined) return undefined;
  try {
    return new MIMEType(header);
  } catch (cause) {
    const detail = 'The Content-Type header is malformed. Send one such as image/jpeg.';
    throw new Problem({ status: 415, code: 'ERR_CONTENT_TYPE', detail, field: 'Content-Type', cause });
  }
}

/** @throws {Problem} If the body has a coding (415): unfolded, it could be of any size. */
export function refuseCoding({ headers }: IncomingMessage): void {
  const coding = headers['content-encoding'];
  if (coding === undefined || /^(identity)?$/i.test(coding.trim())) return;
  throw new Problem({
    status: 415,
    code: 'ERR_CONTENT_ENCODING',
    detail: 'The body has a Content-Encoding, which is not supported. Send it uncompressed.',
    field: 'Content-Encoding',
    // RFC 9110, 15.5.16: it tells the client that the coding was the reason.
    headers: { 'accept-encoding': 'identity' },
  });
}

/** Whether a media type is one of a list such as `['image/*', 'application/octet-stream']`. */
export function isOneOf(essence: string, patterns: readonly string[]): boolean {
  const [group = ''] = essence.split('/');
  return patterns.some((pattern) => pattern === '*/*' || pattern === essence || pattern === `${group}/*`);
}
