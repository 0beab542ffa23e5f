import { Readable } from 'node:stream';

import fetch, { type Response } from 'node-fetch';

import { errorCode } from '../error-code.js';
import { type AgentFor, isRefusedAddress } from './agents.js';
import { DownloadError } from './download-error.js';
import { requireFetchable } from './parse-url.js';
import { type DownloadTimes, stopWatch } from './stop-watch.js';

export interface DownloadOptions {
  /** Counted after decompression, so that a small answer cannot unfold into a huge one. */
  maxBytes: number;
  times: DownloadTimes;
  maxRedirects: number;
  agentFor: AgentFor;
  /** Called with the length of each piece that came. To end the download there, abort `signal` and throw. */
  onBytes: (bytes: number) => void;
  signal: AbortSignal;
}

/**
 * Fetches what a stranger's URL points to, guarded and bounded.
 *
 * @throws {DownloadError}, or the reason of `signal`.
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

/** Follows redirects one by one: each hop is checked as the first URL was. */
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
    `${start.host} redirects more than ${maxRedirects} times.`,
  );
}

function redirectTarget({ status, headers }: Response): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? (headers.get('location') ?? undefined) : undefined;
}

function nextHop(location: string, from: URL): URL {
  try {
    return requireFetchable(new URL(location, from));
  } catch (error) {
    throw new DownloadError('ERR_UPSTREAM_REDIRECT', `${from.host} redirects to a place that is not taken.`, {
      cause: error,
    });
  }
}

function requireSuccess(response: Response, url: URL): Response {
  if (response.ok) return response;
  discard(response);
  const { status, statusText } = response;
  throw new DownloadError(
    'ERR_UPSTREAM_STATUS',
    `${url.host} answered ${status} ${statusText}`.trimEnd() + '.',
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
      `${host} sends more than the limit of ${maxBytes / 2 ** 20} MiB.`,
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
    // Leaving the loop destroys the stream, and with it the connection.
    if (received > maxBytes) throw tooLarge();
    onBytes(bytes.length);
    chunks.push(bytes);
  }
  if (received === 0) throw new DownloadError('ERR_UPSTREAM_EMPTY', `${host} sent nothing.`);
  return Buffer.concat(chunks, received);
}

/** Lets go of a connection whose body nobody will read. */
function discard({ body }: Response): void {
  if (body instanceof Readable) body.destroy();
}

/** Says what happened without the addresses that the resolver found: they may be nobody's business. */
function explain(error: unknown, url: URL): DownloadError {
  if (isRefusedAddress(error)) {
    return new DownloadError(
      'ERR_URL_PRIVATE',
      `${url.host} leads to a private or reserved address, which this service does not visit.`,
    );
  }
  const code = errorCode(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) {
    return new DownloadError('ERR_UPSTREAM_UNREACHABLE', `${url.host} could not be reached: ${known}.`, {
      cause: error,
    });
  }
  if (code?.includes('CERT')) {
    return new DownloadError(
      'ERR_UPSTREAM_UNREACHABLE',
      `The certificate of ${url.host} cannot be trusted (${code}).`,
      { cause: error },
    );
  }
  const mark = code === undefined ? '' : ` (${code})`;
  return new DownloadError(
    'ERR_UPSTREAM_BROKEN',
    `The answer of ${url.host} broke off or could not be read${mark}.`,
    { cause: error },
  );
}

const reasons: Record<string, string> = {
  ENOTFOUND: 'there is no such host (ENOTFOUND)',
  EAI_AGAIN: 'its name could not be looked up (EAI_AGAIN)',
  ECONNREFUSED: 'it refused the connection (ECONNREFUSED)',
  EHOSTUNREACH: 'there is no way to it (EHOSTUNREACH)',
  ENETUNREACH: 'there is no way to it (ENETUNREACH)',
  ETIMEDOUT: 'it did not take the connection in time (ETIMEDOUT)',
};
