import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach } from '@jest/globals';
import express from 'express';
import fastify from 'fastify';

import { compose, type Listener } from '../../src/index.js';

const open = new Set<() => Promise<unknown>>();

afterEach(async () => {
  const all = [...open];
  open.clear();
  await Promise.all(all.map((close) => close()));
});

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
}

/** Opens a server on a free port, which is closed after the test. */
export async function listen(server: Server): Promise<TestServer> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  open.add(async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${port}`, port, server };
}

/** Serves the handlers by node:http alone. */
export function serve(...handlers: Listener[]): Promise<TestServer> {
  return listen(createServer(compose(...handlers)));
}

/** Every framework that the handlers mount in, by name: each as the README says. */
export const FRAMEWORKS: [string, (...handlers: Listener[]) => Promise<TestServer>][] = [
  ['node:http', serve],
  [
    'Express 5',
    (...handlers) => {
      const app = express();
      for (const handler of handlers) app.use(handler);
      return listen(createServer(app));
    },
  ],
  [
    'Fastify',
    async (...handlers) => {
      const app = fastify({ forceCloseConnections: true });
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, _payload, done) => {
        done(null);
      });
      const handler = compose(...handlers);
      app.all('/*', (request, reply) => {
        reply.hijack();
        handler(request.raw, reply.raw);
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      open.add(() => app.close());
      const { port } = app.server.address() as AddressInfo; // it listens on a port, not on a pipe
      return { url: `http://127.0.0.1:${port}`, port, server: app.server };
    },
  ],
];

/** An endpoint of an application: the path, and what answers it. */
export function at(path: string, listener: Listener): Listener {
  return (req, res, next) => {
    if (req.url?.split('?')[0] === path) return listener(req, res, next);
    next();
    return undefined;
  };
}
