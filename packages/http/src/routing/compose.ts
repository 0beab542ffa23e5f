import type { IncomingMessage, ServerResponse } from 'node:http';

import type { PathItems } from '../openapi/path-items.js';
import { sendError } from '../problems/send-error.js';
import type { Handler, Next } from './handler.js';
import { notFound } from './router.js';

/** A handler of this package, or of the application's own: it may be asynchronous, and may have no `paths`. */
export interface Listener {
  (req: IncomingMessage, res: ServerResponse, next: Next): unknown;
  /** The paths that it answers, as an OpenAPI document describes them. */
  readonly paths?: PathItems;
}

/**
 * Makes one handler of several: each is asked in turn, until one answers. If none does, the request goes on to `next`; if
 * there is no `next`, as in node:http, it is answered with 404.
 *
 * ```ts
 * createServer(compose(health(broker), (req, res) => …));
 * ```
 * @param handlers In the order in which they are asked.
 */
export function compose(...handlers: readonly Listener[]): Handler {
  const handle = (req: IncomingMessage, res: ServerResponse, next?: Next): void => {
    const from = (index: number): void => {
      const handler = handlers[index];
      if (handler === undefined) {
        if (next === undefined) sendError(res, notFound());
        else next();
        return;
      }
      const proceed = (error?: unknown): void => {
        if (error === undefined || error === null) from(index + 1);
        else if (next === undefined) sendError(res, error);
        else next(error);
      };
      try {
        const returned = handler(req, res, proceed);
        if (returned instanceof Promise) returned.catch(proceed);
      } catch (error) {
        proceed(error ?? new Error('A handler threw nothing'));
      }
    };
    from(0);
  };
  const paths = Object.fromEntries(handlers.flatMap((handler) => Object.entries(handler.paths ?? {})));
  return Object.assign(handle, { paths });
}
