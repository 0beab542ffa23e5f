import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import type { RequestHandler } from 'express';
import type { Logger } from 'pino';

/** A request ID of a proxy that is fit for a log. */
const ID = /^[\w.:-]{1,100}$/;

/** Gives each request an ID, which its answer carries, and writes one line when it is answered or its client has gone. */
export function accessLog(log: Logger): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    const given = request.get('x-request-id') ?? '';
    const id = ID.test(given) ? given : randomUUID();
    response.set('x-request-id', id);
    const { method, path } = request;
    response.once('close', () => {
      log.info(
        {
          id,
          client: request.ip,
          method,
          // Control characters are percent-encoded in a path.
          path: path.slice(0, 200),
          status: response.headersSent ? response.statusCode : undefined,
          ms: Math.round(performance.now() - began),
          ...(!response.writableFinished && { gone: true }),
        },
        'request',
      );
    });
    next();
  };
}
