import type { ServerResponse } from 'node:http';

import { encodeJson } from './encode-json.js';

/**
 * Answers with a JSON document that no cache may keep.
 * @param headers More headers.
 */
export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `${encodeJson(value)}\n`;
  res
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      ...headers,
    })
    .end(body);
}
