import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Problem } from '../problems/problem.js';

/**
 * The key of a call for a key that a client chose. Two clients of different scopes never get the same one, whatever they
 * choose, so that nobody can join or find the call of another.
 * @param purpose Keeps the keys of different handlers apart.
 * @param scope The user or tenant, as the application knows it.
 * @param key What the client chose.
 */
export function scopedKey(purpose: 'call' | 'job', scope: string, key: string): string {
  return `${purpose}:${createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest('base64url')}`;
}

/**
 * Reads the header `Idempotency-Key`: a quoted string, as its draft says, or a bare one, as many clients send it.
 * @throws {Problem} If it is malformed (400).
 */
export function idempotencyKey({ headers }: IncomingMessage): string | undefined {
  const header = [headers['idempotency-key'] ?? []].flat()[0];
  if (header === undefined) return undefined;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  return checkKey(key, 'Idempotency-Key');
}

/**
 * @param field Where the key was found, for the error.
 * @throws {Problem} If a key is not 1 to 255 visible ASCII characters (400).
 */
function checkKey(key: string, field: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem({
    status: 400,
    code: 'ERR_KEY',
    detail: 'The key must have 1 to 255 visible ASCII characters. A UUID is a good choice.',
    field,
  });
}
