import type { ServerResponse } from 'node:http';

import { encodeJson } from './encode-json.js';
import { sendBody } from './send-body.js';

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
  const type = 'application/json; charset=utf-8';
  sendBody(res, status, { 'content-type': type, ...headers }, `${encodeJson(value)}\n`);
}
