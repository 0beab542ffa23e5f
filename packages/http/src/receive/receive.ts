import type { IncomingMessage } from 'node:http';
import type { MIMEType } from 'node:util';

import { download, type DownloadOptions } from '../download/download.js';
import { inPlace } from '../limits/in-place.js';
import type { Limits } from '../limits/limits.js';
import { ClientGone } from '../problems/client-gone.js';
import { Problem } from '../problems/problem.js';
import type { TimeLimits } from '../time/time-limits.js';
import type { Expected, FieldNames, Found, Input } from './input.js';
import { isOneOf, mediaType, refuseCoding } from './media-type.js';
import { type BodyLimits, readBody, tooLarge } from './read-body.js';
import { isRaw, readForm } from './read-form.js';
import { readJson } from './read-json.js';
import { readMultipart } from './read-multipart.js';

/** Options of `receive`. */
export interface ReceiveOptions {
  /**
   * Longest input, from every source, in bytes: decoded, and after decompression.
   * @default 32 MiB
   */
  maxBytes?: number | undefined;
  /**
   * Most inputs of one request.
   * @default 1
   */
  maxInputs?: number | undefined;
  /**
   * Media types that a raw body may have.
   * @default application/octet-stream, binary/octet-stream, audio/*, image/*, video/*
   */
  types?: readonly string[] | undefined;
  /**
   * Names of other form fields and JSON properties that are taken. Any other is refused by name.
   * @default []
   */
  fields?: readonly string[] | undefined;
  /**
   * Names of the form fields and JSON properties that hold inputs.
   * @default { file: 'file', url: 'url', base64: 'base64' }
   */
  names?: FieldNames | undefined;
  /**
   * How long the upload may take.
   * @default { total: 60_000, idle: 10_000 }
   */
  times?: TimeLimits | undefined;
  /**
   * How a URL is fetched; `false`: URLs are refused.
   * @default the defaults of `download`
   */
  download?: Omit<DownloadOptions, 'field' | 'maxBytes' | 'onBytes'> | false | undefined;
  /**
   * Bounds that all endpoints share: see `limits`.
   * @default none
   */
  limits?: Limits | undefined;
}

/** The content of a request. */
export interface Received {
  /** The first input; `undefined` if the request has none: no body, `{}`, an empty form field. */
  readonly input: Input | undefined;
  /** All inputs, in their order. */
  readonly inputs: readonly Input[];
  /** The other fields that were given, by name, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

const RAW_TYPES = ['application/octet-stream', 'binary/octet-stream', 'audio/*', 'image/*', 'video/*'];
/** Room of a JSON document, or of a form without files, for all that is no input, in bytes. */
const TEXT_BYTES = 64 * 2 ** 10;

/**
 * Takes the input of a request, however it comes: as a file of a multipart form, as the raw body, as base64 in JSON, or as a
 * URL, which is downloaded. Everything that a stranger can make large or slow has a limit.
 *
 * ```ts
 * const { input } = await receive(req, { maxBytes: 10e6, types: ['image/*'] });
 * ```
 * @param req The request, whose body nothing has read.
 * @param options Limits and names.
 * @throws {Problem} 400: malformed, or without a usable part. 403: the URL is private. 408: too slow. 413: too large. 415: of
 * another type. 429, 503: too many at once. 502, 504: the server behind the URL failed.
 * @throws {ClientGone} If the client closed the connection.
 */
export async function receive(req: IncomingMessage, options: ReceiveOptions = {}): Promise<Received> {
  const { names = {}, fields = [], maxInputs = 1, limits } = options;
  const expected: Expected = {
    names: { file: 'file', url: 'url', base64: 'base64', ...names } as Expected['names'], // defaults for what is left out
    fields,
    maxInputs,
  };
  refuseCoding(req);
  refuseQuery(req, expected);
  const found = await inPlace(limits, 'receiving', req, () => find(req, expected, options));
  const inputs = await Promise.all(
    found.inputs.map(async (input) =>
      'url' in input ? fetchInput(req, input.url, expected, options) : input,
    ),
  );
  return { input: inputs[0], inputs, fields: found.fields };
}

async function find(req: IncomingMessage, expected: Expected, options: ReceiveOptions): Promise<Found> {
  const { maxBytes = 32 * 2 ** 20, times = {}, types = RAW_TYPES, limits } = options;
  const { maxInputs } = expected;
  const type = mediaType(req);
  // `curl -X POST` sends neither a body nor a type.
  if (type === undefined && !hasBody(req)) return { inputs: [], fields: {} };
  const bounded = (most: number): BodyLimits => ({
    maxBytes: most,
    shownLimit: maxBytes,
    times,
    take: (bytes) => limits?.take(req, bytes),
  });
  switch (type?.essence) {
    case 'multipart/form-data': {
      const most = maxInputs * maxBytes + TEXT_BYTES * (1 + expected.fields.length);
      return readMultipart(req, type.params.get('boundary'), bounded(most), maxBytes, expected);
    }
    case 'application/json': {
      const most = Math.ceil((maxInputs * maxBytes * 4) / 3) + TEXT_BYTES;
      return readJson(await readBody(req, bounded(most)), charsetOf(type), maxBytes, expected);
    }
    case 'application/x-www-form-urlencoded': {
      const body = await readBody(req, bounded(Math.max(maxBytes, TEXT_BYTES)));
      if (isRaw(body)) return { inputs: [rawInput(body, undefined)], fields: {} };
      if (body.length > TEXT_BYTES) throw tooLarge(TEXT_BYTES);
      return readForm(body, expected);
    }
    default: {
      if (type !== undefined && !isOneOf(type.essence, types)) throw unsupported(type.essence, types);
      const body = await readBody(req, bounded(maxBytes));
      if (body.length === 0)
        throw new Problem({
          status: 400,
          code: 'ERR_BODY_EMPTY',
          detail: 'The body of the request is empty. Send some bytes.',
        });
      return { inputs: [rawInput(body, type?.essence)], fields: {} };
    }
  }
}

function rawInput(bytes: Buffer, type: string | undefined): Input {
  return { bytes, source: 'body', type, name: undefined, downloadTime: undefined };
}

async function fetchInput(
  req: IncomingMessage,
  url: string,
  { names }: Expected,
  { download: how = {}, maxBytes, limits }: ReceiveOptions,
): Promise<Input> {
  const field = names.url;
  if (how === false)
    throw new Problem({
      status: 400,
      code: 'ERR_URL_REFUSED',
      detail: 'This service fetches no URLs. Send the bytes.',
      field,
    });
  return inPlace(limits, 'downloading', req, async () => {
    const gone = new AbortController();
    const onClose = (): void => {
      gone.abort(new ClientGone());
    };
    // After the body was read, it means that the client is gone.
    req.socket.once('close', onClose);
    if (req.socket.destroyed) onClose();
    const began = performance.now();
    try {
      const signal = how.signal === undefined ? gone.signal : AbortSignal.any([gone.signal, how.signal]);
      const onBytes = (bytes: number): void => limits?.take(req, bytes);
      const { bytes, type, url: at } = await download(url, { ...how, maxBytes, signal, field, onBytes });
      return { bytes, source: 'url', type, name: at.host, downloadTime: performance.now() - began };
    } finally {
      req.socket.off('close', onClose);
    }
  });
}

function charsetOf(type: MIMEType): string {
  const charset = type.params.get('charset') ?? 'utf-8';
  try {
    return new TextDecoder(charset).encoding;
  } catch (cause) {
    const detail = 'The body has a charset that is not supported. Send UTF-8.';
    throw new Problem({ status: 415, code: 'ERR_CONTENT_TYPE', detail, field: 'Content-Type', cause });
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function unsupported(type: string, types: readonly string[]): Problem {
  return new Problem({
    status: 415,
    code: 'ERR_CONTENT_TYPE',
    detail: `A body of type ${type} is not supported. Send the bytes as ${types.join(', ')}, or send a form, or JSON.`,
    field: 'Content-Type',
  });
}

/** Refuses `?url=…`. Otherwise it would be ignored, and the request would count as one without an input. */
function refuseQuery({ url = '' }: IncomingMessage, { names }: Expected): void {
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
  const name = [names.url, names.base64, names.file].find((one) => query.has(one));
  if (name === undefined) return;
  const detail = `The address has ${name} in its query, which is not supported. Send it in the body.`;
  throw new Problem({ status: 400, code: 'ERR_QUERY', detail, field: name });
}
