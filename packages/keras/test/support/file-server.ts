import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a real HTTP server on a free local port. When it is disposed, it closes every connection. */
export async function serve(listener: RequestListener): Promise<{ url: URL } & AsyncDisposable> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/weights.h5`),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** One request to a file server, and its answer as a well-behaved server would send it. */
export interface Asked {
  /** Number of the request, from 0. */
  index: number;
  request: IncomingMessage;
  response: ServerResponse;
  status: number;
  headers: Record<string, string | number>;
  /** The bytes to send, and their offset in the file. */
  rest: Buffer;
  from: number;
}

/** What a file server did. */
export interface Sent {
  range: string | undefined;
  status: number;
  path: string;
}

/**
 * Serves one file with support for ranges (RFC 9110), and lists the answers.
 *
 * @param misbehave Changes the answer, or sends one itself and returns true.
 */
export function fileServer(
  content: Buffer,
  misbehave: (asked: Asked) => boolean | undefined = () => undefined,
) {
  const sent: Sent[] = [];
  const listener: RequestListener = (request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    const from = range !== undefined && ifRange === '"v1"' ? Number(/\d+/.exec(range)?.[0]) : 0;
    const rest = content.subarray(from);
    const part =
      from === 0 ? {} : { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    const asked: Asked = {
      index: sent.length,
      request,
      response,
      status: from === 0 ? 200 : 206,
      headers: { etag: '"v1"', 'content-length': rest.length, ...part },
      rest,
      from,
    };
    if (from >= content.length) {
      const headers = { 'content-range': `bytes */${content.length}` };
      Object.assign(asked, { status: 416, rest: Buffer.of(), headers });
    }
    const index = sent.push({ range, status: asked.status, path: request.url ?? '' }) - 1;
    if (misbehave(asked) === true) return;
    sent[index] = { range, status: asked.status, path: request.url ?? '' };
    response.writeHead(asked.status, asked.headers).end(asked.rest);
  };
  return { sent, listener };
}

/** Sends the first bytes of an answer and then closes the connection. */
export function cut({ response, status, headers, rest }: Asked, bytes: number): true {
  response.writeHead(status, headers).write(rest.subarray(0, bytes), () => response.destroy());
  return true;
}

/** Sends the first bytes of an answer and then nothing more. */
export function stall({ response, status, headers, rest }: Asked, bytes: number): true {
  response.writeHead(status, headers).write(rest.subarray(0, bytes));
  return true;
}
