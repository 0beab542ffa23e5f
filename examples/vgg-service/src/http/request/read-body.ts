import type { Request } from 'express';

import { ClientGone } from '../client-gone.js';
import type { TakeMemory } from '../memory-budget.js';
import { Problem } from '../problem.js';

/**
 * Reads a request's body into memory.
 *
 * @throws {Problem} 413, or 503 where there is no memory left.
 */
export async function readBody(request: Request, maxBytes: number, take: TakeMemory): Promise<Buffer> {
  refuseAnnounced(request, maxBytes);
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    // Not left early by `throw`: that would destroy the connection before the answer is out.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes: unknown = chunk;
      if (!(bytes instanceof Buffer)) throw new TypeError('A request body is read as bytes');
      received += bytes.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      take(bytes.length);
      chunks.push(bytes);
    }
  } catch (error) {
    // What still comes is read and dropped, so that the client gets to see the answer.
    request.resume();
    if (error instanceof Problem || error instanceof ClientGone) throw error;
    throw request.destroyed ? new ClientGone() : error;
  }
  return Buffer.concat(chunks, received);
}

/**
 * @param slack What a body may have on top, because it is not the image alone.
 * @throws {Problem} 413 for a body that says itself that it is too long.
 */
export function refuseAnnounced(request: Request, maxBytes: number, { slack = 0 } = {}): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes + slack) throw tooLarge(maxBytes);
}

export function tooLarge(maxBytes: number): Problem {
  const limit = maxBytes >= 2 ** 20 ? `${maxBytes / 2 ** 20} MiB` : `${maxBytes / 2 ** 10} KiB`;
  return new Problem({
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    detail: `The request's body is larger than the limit of ${limit}.`,
  });
}
