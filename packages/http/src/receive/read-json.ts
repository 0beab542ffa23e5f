import { Problem } from '../problems/problem.js';
import { decodeBase64 } from './decode-base64.js';
import { type Expected, type Found, Gathering, listed } from './input.js';
import { tooLarge } from './read-body.js';

/**
 * Finds the inputs of a JSON document: `{"url": "https://…"}` or `{"base64": "…"}`, or arrays of these if several inputs are
 * taken. `null`, an empty text, and a document without them mean no input.
 * @param maxBytes Longest input, in bytes.
 * @throws {Problem} If it is malformed (400), or an input is too large (413).
 */
export function readJson(body: Buffer, charset: string, maxBytes: number, expected: Expected): Found {
  const document = parse(body, charset);
  const { names, fields } = expected;
  const known = `a JSON document has only ${listed([names.url, names.base64, ...fields])}`;
  const gathering = new Gathering(expected);
  for (const [name, value] of Object.entries(document)) {
    if (name === names.url) for (const text of texts(value, name)) gathering.addUrl(text);
    else if (name === names.base64) {
      for (const text of texts(value, name)) {
        if (text === '') continue;
        const { bytes, type } = decodeBase64(text, name);
        if (bytes.length > maxBytes) throw tooLarge(maxBytes);
        gathering.addInput({ bytes, source: 'base64', type, name: undefined, downloadTime: undefined });
      }
    } else if (value !== null || !fields.includes(name)) {
      gathering.addField(name, scalar(value, name, fields), known);
    }
  }
  return gathering.found;
}

function parse(body: Buffer, charset: string): object {
  let document: unknown;
  try {
    // It drops a byte order mark, which PowerShell and .NET write.
    document = JSON.parse(new TextDecoder(charset, { fatal: true }).decode(body));
  } catch (cause) {
    throw invalid(
      'The body is not valid JSON. Send a document such as {"url": "https://example.com/cat.jpg"}.',
      undefined,
      cause,
    );
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw invalid(
      'The JSON document is not an object. Send one such as {"url": "https://example.com/cat.jpg"}.',
    );
  return document;
}

function texts(value: unknown, name: string): string[] {
  if (value === null) return [];
  const all: unknown[] = Array.isArray(value) ? value : [value];
  return all.map((one) => {
    if (typeof one !== 'string') throw invalid(`${name} has the type ${typeof one}. Send a string.`, name);
    return one;
  });
}

/** Fields of a form are text, so those of JSON become text too. */
function scalar(value: unknown, name: string, fields: readonly string[]): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  // An unknown name is the greater mistake, and is told first.
  if (!fields.includes(name)) return '';
  throw invalid(`${name} has the type ${typeof value}. Send a string, a number or a boolean.`, name);
}

function invalid(detail: string, field?: string, cause?: unknown): Problem {
  return new Problem({ status: 400, code: 'ERR_JSON', detail, field, cause });
}
