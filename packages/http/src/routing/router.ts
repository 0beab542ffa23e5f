import type { IncomingMessage, ServerResponse } from 'node:http';

import type { JsonObject, PathItems } from '../openapi/path-items.js';
import { Problem } from '../problems/problem.js';
import { sendError } from '../problems/send-error.js';
import type { Handler, Next } from './handler.js';
import { requestPath } from './request-path.js';

/** A request and its response. */
export interface Exchange {
  /** The request. */
  readonly req: IncomingMessage;
  /** Its response. */
  readonly res: ServerResponse;
  /** The value of each `{name}` in the path of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** The behaviour of one method of a path. */
export interface Operation {
  /** Answers the request. An error that it throws, or that its promise rejects with, is answered. */
  readonly run: (exchange: Exchange) => unknown;
  /** The operation object of an OpenAPI document. */
  readonly doc: JsonObject;
}

/** A path, and the methods that it supports. HEAD does what GET does; OPTIONS lists the methods. */
export interface Route {
  /** The whole path as clients see it. A segment can be `{name}`. */
  readonly path: string;
  /** By name, in capitals. */
  readonly methods: Readonly<Record<string, Operation>>;
}

/** Options of every handler of this package. */
export interface HandlerOptions {
  /**
   * Called with an error that was answered with status 500, for the log: the client is not told what it was.
   * @default console.error
   */
  onError?: ((error: unknown) => void) | undefined;
}

/** How a router answers errors. */
interface RouterOptions extends HandlerOptions {
  readonly answerError?: (res: ServerResponse, error: unknown) => Problem | undefined;
}

/** Makes a handler that answers these paths, and passes every other request on. */
export function router(
  routes: readonly Route[],
  { onError = console.error, answerError = sendError }: RouterOptions = {},
): Handler {
  const matchers = routes.map((route) => ({ route, match: matcher(route.path) }));

  const answer = async (exchange: Exchange, route: Route): Promise<void> => {
    try {
      await operationOf(exchange, route).run(exchange);
    } catch (error) {
      if (answerError(exchange.res, error)?.status === 500) onError(error);
    }
  };

  const handle = (req: IncomingMessage, res: ServerResponse, next?: Next): void => {
    const path = requestPath(req);
    for (const { route, match } of matchers) {
      const params = match(path);
      if (params === undefined) continue;
      void answer({ req, res, params }, route);
      return;
    }
    if (next === undefined) sendError(res, notFound());
    else next();
  };
  return Object.assign(handle, { paths: pathItems(routes) });
}

/** The answer for a path that nobody has claimed. */
export function notFound(): Problem {
  return new Problem({ status: 404, code: 'ERR_NOT_FOUND', detail: 'There is nothing at this address.' });
}

function operationOf({ req }: Exchange, { methods }: Route): Operation {
  const method = req.method === 'HEAD' ? 'GET' : (req.method ?? 'GET');
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (known !== undefined) return known;
  const allow = Object.keys(methods)
    .flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
    .concat('OPTIONS')
    .join(', ');
  if (method === 'OPTIONS') {
    return { run: ({ res }) => res.writeHead(204, { allow }).end(), doc: {} };
  }
  throw new Problem({
    status: 405,
    code: 'ERR_METHOD',
    detail: `This address does not support the method. Use one of ${allow}.`,
    headers: { allow },
  });
}

/** Makes a function that gives the values of the `{name}`s of a path, or `undefined` if it is another path. */
function matcher(pattern: string): (path: string) => Record<string, string> | undefined {
  const wanted = pattern.split('/');
  return (path) => {
    const given = (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/');
    if (given.length !== wanted.length) return undefined;
    const params: Record<string, string> = {};
    for (const [index, segment] of wanted.entries()) {
      const value = decoded(given[index] ?? '');
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (value === undefined || (name === undefined ? value !== segment : value === '')) return undefined;
      if (name !== undefined) params[name] = value;
    }
    return params;
  };
}

/** `undefined` if the escapes are broken. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function pathItems(routes: readonly Route[]): PathItems {
  return Object.fromEntries(
    routes.map(({ path, methods }) => {
      const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name: name ?? '',
        in: 'path',
        required: true,
        schema: { type: 'string' },
      }));
      const operations = Object.entries(methods).map(([name, { doc }]) => [name.toLowerCase(), doc]);
      return [path, { ...(parameters.length > 0 && { parameters }), ...Object.fromEntries(operations) }];
    }),
  );
}
