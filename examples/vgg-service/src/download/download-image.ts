import { Readable } from 'node:stream';

import fetch, { type Response } from 'node-fetch';

import { errorCode } from '../error-code.js';
import { type AgentFor, isRefusedAddress } from './agents.js';
import { DownloadError } from './download-error.js';
import { requireFetchable } from './parse-url.js';
import { type DownloadTimes, stopWatch } from './stop-watch.js';

export interface DownloadOptions {
  /** Limit in bytes after decompression, so that a small answer cannot expand into a huge image. */
  maxBytes: number;
  times: DownloadTimes;
  maxRedirects: number;
  agentFor: AgentFor;
  /** Called with the length of each chunk in bytes. To end the download, abort `signal` and throw. */
  onBytes: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Downloads the image at a URL that an untrusted client gave. Its addresses are checked, and its size, time and
 * redirects are limited. If `signal` is aborted, the promise rejects with the signal's reason.
 *
 * @throws {DownloadError} When the image is not available or exceeds a limit.
 */
export async function downloadImage(url: URL, options: DownloadOptions): Promise<Uint8Array> {
  using watch = stopWatch(url.host, options.times, options.signal);
  try {
    const response = await follow(url, { ...options, signal: watch.signal, alive: watch.alive });
    return await readBounded(response, { ...options, alive: watch.alive });
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof DownloadError ? error : explain(error, url);
  }
}

interface FollowOptions extends DownloadOptions {
  alive: () => void;
}

/** Follows redirects one by one, so that every hop passes the same checks as the first URL. */
async function follow(
  start: URL,
  { agentFor, signal, maxRedirects, alive }: FollowOptions,
): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const response = await fetch(url, {
      agent: agentFor,
      redirect: 'manual',
      signal,
      headers: { accept: 'image/*', 'user-agent': 'vgg-service' },
    });
    alive();
    const location = redirectTarget(response);
    if (location === undefined) return requireSuccess(response, url);
    discard(response);
    url = nextHop(location, url);
  }
  throw new DownloadError(
    'ERR_UPSTREAM_REDIRECT',
    `${start.host} redirects more than ${maxRedirects} times. Give the final URL of the image.`,
  );
}

function redirectTarget({ status, headers }: Response): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? (headers.get('location') ?? undefined) : undefined;
}

function nextHop(location: string, from: URL): URL {
  try {
    return requireFetchable(new URL(location, from));
  } catch (error) {
    throw new DownloadError(
      'ERR_UPSTREAM_REDIRECT',
      `${from.host} redirects to a URL that this service does not fetch. Give another URL.`,
      { cause: error },
    );
  }
}

function requireSuccess(response: Response, url: URL): Response {
  if (response.ok) return response;
  discard(response);
  const { status, statusText } = response;
  throw new DownloadError(
    'ERR_UPSTREAM_STATUS',
    `${url.host} answered ${status} ${statusText}`.trimEnd() + '. Check the URL, or try again later.',
  );
}

async function readBounded(
  response: Response,
  { maxBytes, onBytes, alive }: Pick<FollowOptions, 'maxBytes' | 'onBytes' | 'alive'>,
): Promise<Uint8Array> {
  const host = new URL(response.url).host;
  const tooLarge = () =>
    new DownloadError(
      'ERR_UPSTREAM_TOO_LARGE',
      `The image from ${host} exceeds the limit of ${maxBytes / 2 ** 20} MiB. Give a smaller one.`,
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
    onBytes(bytes.length);
    chunks.push(bytes);
  }
  if (received === 0)
    throw new DownloadError('ERR_UPSTREAM_EMPTY', `${host} sent an empty body. Check the URL.`);
  return Buffer.concat(chunks, received);
}

/** Closes the connection of a response whose body is not needed. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}

/** Describes a failure without the addresses that the DNS lookup returned: they may be internal. */
function explain(error: unknown, url: URL): DownloadError {
  if (isRefusedAddress(error)) {
    return new DownloadError(
      'ERR_URL_PRIVATE',
      `${url.host} leads to a private or reserved address, which this service does not fetch. Give a public URL.`,
    );
  }
  const code = errorCode(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) {
    return new DownloadError(
      'ERR_UPSTREAM_UNREACHABLE',
      `${url.host} could not be reached: ${known}. Check the URL, or try again later.`,
      { cause: error },
    );
  }
  if (code?.includes('CERT')) {
    return new DownloadError(
      'ERR_UPSTREAM_UNREACHABLE',
      `The certificate of ${url.host} is not trusted (${code}). Give another URL.`,
      { cause: error },
    );
  }
  const mark = code === undefined ? '' : ` (${code})`;
  return new DownloadError(
    'ERR_UPSTREAM_BROKEN',
    `The answer from ${url.host} is cut short or malformed${mark}. Check the URL, or try again later.`,
    { cause: error },
  );
}

const reasons: Record<string, string> = {
  ENOTFOUND: 'the host does not exist (ENOTFOUND)',
  EAI_AGAIN: 'the DNS lookup failed (EAI_AGAIN)',
  ECONNREFUSED: 'it refused the connection (ECONNREFUSED)',
  EHOSTUNREACH: 'there is no route to the host (EHOSTUNREACH)',
  ENETUNREACH: 'there is no route to its network (ENETUNREACH)',
  ETIMEDOUT: 'the connection timed out (ETIMEDOUT)',
};
