import { printable } from '../problems/printable.js';
import { Problem } from '../problems/problem.js';

const DATA_URL = /^data:([^,;]*)(?:;[^,]*)?;base64,|^data:;?base64,/i;

/**
 * Decodes base64 or base64url, plain or as a `data:` URL.
 * @param field The field that held it, for the error.
 * @throws {Problem} If it is malformed (400).
 */
export function decodeBase64(text: string, field: string): { bytes: Buffer; type: string | undefined } {
  const head = DATA_URL.exec(text.slice(0, 200));
  const encoded = (head === null ? text : text.slice(head[0].length)).replace(/\s+/g, '');
  const bytes = Buffer.from(encoded, 'base64');
  const digits = encoded.replace(/={1,2}$/, '').length;
  // Node skips what is no base64, so the result is then too short.
  if (digits === 0 || digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4)) {
    const detail = `${field} is not base64. Send the bytes in base64, or as a data: URL.`;
    throw new Problem({ status: 400, code: 'ERR_BASE64', detail, field });
  }
  const type = head?.[1];
  return { bytes, type: type === undefined || type === '' ? undefined : printable(type) };
}
