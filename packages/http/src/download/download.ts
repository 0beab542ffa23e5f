import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import { Readable } from 'node:stream';

import type { Response } from 'node-fetch';

import { sizeText } from '../answer/bytes.js';
import { printable } from '../problems/printable.js';
import { type TimeLimits, watchTime } from '../time/time-limits.js';
import { addressFilter, type AddressRules, privateAddress } from './addresses.js';
import { explain, upstream } from './explain.js';
import { guardedLookup } from './guarded-lookup.js';
import { parseUrl, requireFetchable } from './parse-url.js';

/** Limits of a download. */
export interface DownloadOptions extends AddressRules {
  /**
   * The longest body, in bytes after decompression.
   * @default 32 MiB
   */
  maxBytes?: number | undefined;
  /**
   * How often the server may redirect. Every hop passes the same checks as the first URL.
   * @default 5
   */
  maxRedirects?: number | undefined;
  /**
   * How long it may take.
   * @default { total: 20_000, idle: 8_000 }
   */
  times?: TimeLimits | undefined;
  /**
   * The header `User-Agent`.
   * @default 'dual-http'
   */
  userAgent?: string | undefined;
  /**
   * The header `Accept`.
   * @default '*\/*'
   */
  accept?: string | undefined;
  /**
   * Makes the connections, for example through a proxy. Then the proxy looks up the host names, and must refuse private
   * addresses itself: only addresses that stand in the URL are still checked here.
   * @default agents that connect to public addresses only
   */
  agent?: ((url: URL) => HttpAgent) | undefined;
  /**
   * Ends the download.
   * @default none
   */
  signal?: AbortSignal | undefined;
  /**
   * Called with the length of each chunk, in bytes. If it throws, the download ends with that error.
   * @default none
   */
  onBytes?: ((bytes: number) => void) | undefined;
  /**
   * The field of the request that held the URL, for errors.
   * @default 'url'
   */
  field?: string | undefined;
}

/** A download that succeeded. */
export interface Downloaded {
  /** The body, decompressed. */
  readonly bytes: Uint8Array;
  /** The header `Content-Type`, as the server claims it. */
  readonly type: string | undefined;
  /** The URL at the end of all redirects. */
  readonly url: URL;
}

const MAX_BYTES = 32 * 2 ** 20;

/**
 * Downloads what a stranger points to. Its address is checked when the connection is made, on every redirect too; its size
 * (after decompression), time and redirects are limited. If `signal` is aborted, it rejects with the signal's reason.
 * @param text The URL.
 * @param options Limits.
 * @throws {Problem} 400: not a URL that can be fetched. 403: it leads to a private address. 413: too large. 502, 504: the other
 * server failed, or took too long.
 */
export async function download(text: string, options: DownloadOptions = {}): Promise<Downloaded> {
  const { field = 'url', times = {}, signal } = options;
  const allowed = addressFilter(options);
  const url = parseUrl(text, field);
  const controller = new AbortController();
  const watch = watchTime({ total: times.total ?? 20_000, idle: times.idle ?? 8_000 }, (limit, ms) => {
    const detail = {
      total: `${url.host} took more than ${ms / 1_000} s for its answer. Try again later.`,
      idle: `${url.host} sent nothing for ${ms / 1_000} s. Try again later.`,
    }[limit];
    controller.abort(upstream('TIMEOUT', detail, field));
  });
  const ended = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]);
  try {
    ended.throwIfAborted();
    const { response, at } = await follow(url, allowed, {
      ...options,
      field,
      signal: ended,
      alive: watch.alive,
    });
    const bytes = await readBounded(response, at, { ...options, field, alive: watch.alive });
    return { bytes, type: response.headers.get('content-type') ?? undefined, url: at };
  } catch (error) {
    if (ended.aborted) throw ended.reason;
    throw explain(error, url, field);
  } finally {
    watch.stop();
  }
}

/** The options, and what the download itself adds. */
interface Hop extends DownloadOptions {
  readonly field: string;
  readonly alive: () => void;
}

/** Follows redirects one by one, so that every hop passes the same checks. */
async function follow(
  start: URL,
  allowed: (address: string) => boolean,
  { maxRedirects = 5, agent, alive, field, ...options }: Hop,
): Promise<{ response: Response; at: URL }> {
  // Loaded when it is first needed: most programs that use this package download nothing.
  const { default: fetch } = await import('node-fetch');
  const lookup = guardedLookup(allowed);
  const guarded = (url: URL): HttpAgent =>
    url.protocol === 'https:' ? new HttpsAgent({ lookup }) : new HttpAgent({ lookup });
  const { signal, userAgent = 'dual-http', accept = '*/*' } = options;
  let at = start;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    // A socket looks up no address that is given as such.
    const literal = at.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !allowed(literal)) throw privateAddress(at.host, field);
    const response = await fetch(at, {
      agent: agent ?? guarded,
      redirect: 'manual',
      headers: { accept, 'user-agent': userAgent },
      ...(signal && { signal }),
    });
    alive();
    const location = redirectTarget(response);
    if (location === undefined) return { response: requireSuccess(response, at, field), at };
    discard(response);
    at = nextHop(location, at, field);
  }
  const detail = `${start.host} redirects more than ${maxRedirects} times. Give the final URL.`;
  throw upstream('REDIRECT', detail, field);
}

function redirectTarget({ status, headers }: Response): string | undefined {
  const location = [301, 302, 303, 307, 308].includes(status) ? headers.get('location') : null;
  if (location === null) return undefined;
  // Node reads headers as Latin-1, and many servers write UTF-8.
  const utf8 = Buffer.from(location, 'latin1').toString('utf8');
  return utf8.includes('\u{fffd}') ? location : utf8;
}

function nextHop(location: string, from: URL, field: string): URL {
  try {
    return requireFetchable(new URL(location, from), field);
  } catch (cause) {
    const detail = `${from.host} redirects to a URL that this service does not fetch. Give another URL.`;
    throw upstream('REDIRECT', detail, field, cause);
  }
}

function requireSuccess(response: Response, { host }: URL, field: string): Response {
  if (response.ok) return response;
  discard(response);
  const status = `${response.status} ${printable(response.statusText, 80)}`.trimEnd();
  throw upstream('STATUS', `${host} answered ${status}. Check the URL, or try again later.`, field);
}

async function readBounded(
  response: Response,
  { host }: URL,
  { maxBytes = MAX_BYTES, onBytes, alive, field }: Hop,
): Promise<Uint8Array> {
  const tooLarge = (): Error =>
    upstream(
      'TOO_LARGE',
      `The answer from ${host} exceeds the limit of ${sizeText(maxBytes)}. Give a smaller one.`,
      field,
    );
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    discard(response);
    throw tooLarge();
  }
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response.body ?? []) {
    alive();
    const bytes = Buffer.from(chunk);
    received += bytes.length;
    // A throw in this loop destroys the stream and its connection.
    if (received > maxBytes) throw tooLarge();
    onBytes?.(bytes.length);
    chunks.push(bytes);
  }
  if (received === 0) throw upstream('EMPTY', `${host} sent an empty body. Check the URL.`, field);
  return Buffer.concat(chunks, received);
}

/** Closes the connection of a response whose body is not needed. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}
