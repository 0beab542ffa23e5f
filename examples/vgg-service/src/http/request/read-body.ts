import type { Request } from 'express';

import { ClientGone } from '../client-gone.js';
import type { TakeMemory } from '../memory-budget.js';
import { Problem } from '../problem.js';

/**
 * Reads the body of a request into memory.
 *
 * @throws {Problem} When the body exceeds `maxBytes` (413), or all requests together would hold too much memory (503).
 * @throws {ClientGone} When the client closed the connection.
 */
export async function readBody(request: Request, maxBytes: number, take: TakeMemory): Promise<Buffer> {
  refuseAnnounced(request, maxBytes);
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    // By default, a throw in this loop would destroy the connection before the answer is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes: unknown = chunk;
      if (!(bytes instanceof Buffer))
        throw new TypeError('The request body must arrive as bytes, not as text');
      received += bytes.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      take(bytes.length);
      chunks.push(bytes);
    }
  } catch (error) {
    // Read and discard the rest, so that the client sends it to the end and then reads the answer.
    request.resume();
    if (error instanceof Problem || error instanceof ClientGone) throw error;
    throw request.destroyed ? new ClientGone() : error;
  }
  return Buffer.concat(chunks, received);
}

/**
 * Refuses a body by its announced length, before it is read.
 *
 * @param options.slack Bytes on top of `maxBytes`, for the parts of a form around the image. @default 0
 * @throws {Problem} When `Content-Length` exceeds the limit (413).
 */
export function refuseAnnounced(request: Request, maxBytes: number, { slack = 0 } = {}): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + slack) throw tooLarge(maxBytes);
}

export function tooLarge(maxBytes: number): Problem {
  const limit = maxBytes >= 2 ** 20 ? `${maxBytes / 2 ** 20} MiB` : `${maxBytes / 2 ** 10} KiB`;
  return new Problem({
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    detail: `The body of the request exceeds the limit of ${limit}. Send a smaller one.`,
  });
}
