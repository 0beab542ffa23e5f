import type { IncomingMessage } from 'node:http';

import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';

import { asError } from '../problems/as-error.js';
import { printable } from '../problems/printable.js';
import { Problem } from '../problems/problem.js';
import { type Expected, type Found, Gathering, type Input, listed, unknownField } from './input.js';
import { PartCounter } from './part-counter.js';
import { type BodyLimits, readChunks, tooLarge } from './read-body.js';

/** Longest field that is not a file, in bytes. */
const MAX_FIELD_BYTES = 64 * 2 ** 10;

/** The content of a form, as it is read. */
interface Form {
  readonly gathering: Gathering;
  /** Number of parts that the parser has told of. */
  seen: number;
}

/**
 * Finds the inputs of `multipart/form-data`: files, and URLs. A browser sends both fields, one of them empty; an empty one
 * means no input. A form in which parts have no use is an error: otherwise it would be taken for one without an input.
 * @param maxBytes Longest file, in bytes.
 * @throws {Problem} 400: it is malformed, has an unknown field, or lacks what it should have. 413: a file is too large. Also
 * what `readChunks` throws.
 */
export async function readMultipart(
  req: IncomingMessage,
  boundary: string | null,
  limits: BodyLimits,
  maxBytes: number,
  expected: Expected,
): Promise<Found> {
  const contentType = req.headers['content-type'] ?? '';
  const parser = openParser(contentType, boundary, maxBytes, expected);
  const parts = new PartCounter(boundary ?? '');
  const form: Form = { gathering: new Gathering(expected), seen: 0 };
  let failure: Error | undefined;
  const fail = (error: unknown): void => {
    failure ??= asError(error);
  };
  const finished = new Promise<void>((resolve) => {
    parser.once('finish', resolve);
    parser.once('error', (error: unknown) => {
      fail(damaged(error));
      resolve();
    });
  });
  listen(parser, form, { expected, maxBytes, fail });
  await readChunks(req, limits, (chunk) => {
    parts.add(chunk);
    if (!parser.destroyed) parser.write(chunk);
    if (failure !== undefined) throw failure;
  });
  parser.end();
  await finished;
  if (failure !== undefined) throw failure;
  if (form.seen === 0 || parts.count > form.seen) throw dropped(parts.count - form.seen, expected);
  return form.gathering.found;
}

interface Listening {
  readonly expected: Expected;
  readonly maxBytes: number;
  readonly fail: (error: unknown) => void;
}

function listen(parser: BusboyInstance, form: Form, { expected, maxBytes, fail }: Listening): void {
  const { names, fields } = expected;
  const known = `a form has only ${listed([names.url, names.file, ...fields])}`;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  };
  parser.on('field', (name: string | undefined, value, _nameTruncated, valueTruncated) => {
    form.seen += 1;
    attempt(() => {
      if (valueTruncated) throw tooLarge(MAX_FIELD_BYTES);
      if (name === names.url) form.gathering.addUrl(value);
      else if (name === names.file) refuseText(value, names.file);
      else form.gathering.addField(name ?? '', value, known);
    });
  });
  parser.on('file', (name: string | undefined, stream, fileName: string | undefined, _encoding, type) => {
    form.seen += 1;
    collect(stream, (bytes) => {
      attempt(() => {
        if (stream.truncated) throw tooLarge(maxBytes);
        if (name !== names.file) throw unknownField(name ?? '', known);
        const input = fileInput(bytes, fileName, type, names.file);
        if (input !== undefined) form.gathering.addInput(input);
      });
    });
    stream.once('error', (error: unknown) => {
      fail(damaged(error));
    });
  });
  parser.once('partsLimit', () => {
    fail(malformed('The form has too many parts. Send fewer.'));
  });
}

/** `undefined` if a browser sent the field of a user who has chosen no file: it is empty, and has no name. */
function fileInput(
  bytes: Buffer,
  fileName: string | undefined,
  type: string,
  field: string,
): Input | undefined {
  const named = fileName !== undefined && fileName !== '';
  if (bytes.length > 0) {
    const name = named ? printable(fileName, 255) : undefined;
    return { bytes, source: 'file', type: printable(type), name, downloadTime: undefined };
  }
  if (named)
    throw new Problem({
      status: 400,
      code: 'ERR_FILE_EMPTY',
      detail: 'The file is empty. Send another one.',
      field,
    });
  return undefined;
}

/** `curl -F file=photo.jpg` sends the name of the file as text. Empty text is an empty field. */
function refuseText(value: string, field: string): void {
  if (value === '') return;
  const shown = /^[\w./ -]{1,80}$/.test(value) ? value : 'photo.jpg';
  const detail = `The field "${field}" holds text, and no file. With curl, put an @ before the path: -F ${field}=@${shown}`;
  throw new Problem({ status: 400, code: 'ERR_FILE_IS_TEXT', detail, field });
}

function dropped(count: number, { names }: Expected): Problem {
  const detail =
    count > 0
      ? `${count === 1 ? 'A part' : `${count} parts`} of the form cannot be used: the header Content-Disposition: form-data; name="…" is missing or malformed.`
      : 'The form has no parts.';
  return new Problem({
    status: 400,
    code: 'ERR_MULTIPART',
    detail: `${detail} Send a part with the name "${names.file}" that holds a file, or one with the name "${names.url}".`,
    field: names.file,
  });
}

function openParser(
  contentType: string,
  boundary: string | null,
  maxBytes: number,
  expected: Expected,
): BusboyInstance {
  try {
    if (boundary === null || boundary === '') throw new Error('no boundary');
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        parts: 2 * expected.maxInputs + expected.fields.length + 2,
        fileSize: maxBytes,
        fieldSize: MAX_FIELD_BYTES,
        fieldNameSize: 100,
        headerPairs: 20,
        headerSize: 8_192,
      },
    });
  } catch (cause) {
    const detail =
      'The Content-Type header names no boundary for the multipart form. Let the HTTP client set this header.';
    throw new Problem({ status: 400, code: 'ERR_MULTIPART', detail, field: 'Content-Type', cause });
  }
}

function collect(stream: BusboyFileStream, onEnd: (bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.once('end', () => {
    // Emptied, because the listener outlives this, and would keep the chunks beside the result.
    onEnd(Buffer.concat(chunks.splice(0)));
  });
}

function damaged(cause: unknown): Problem {
  return malformed('The multipart form is damaged or cut short. Send it again.', cause);
}

function malformed(detail: string, cause?: unknown): Problem {
  return new Problem({ status: 400, code: 'ERR_MULTIPART', detail, cause });
}
