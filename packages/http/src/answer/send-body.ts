import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/**
 * Sends a whole answer, which no cache may keep.
 * @param headers At least its type. Its length is added.
 */
export function sendBody(
  res: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Uint8Array,
): void {
  res
    .writeHead(status, {
      'cache-control': 'no-store',
      ...headers,
      'content-length': Buffer.byteLength(body),
    })
    .end(body);
}
