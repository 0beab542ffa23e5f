import type { IncomingMessage } from 'node:http';

/**
 * The path of a request as its client sees it, without the query. Express strips the path at which a handler is mounted
 * from `url`, and keeps the whole one in `originalUrl`.
 */
export function requestPath(req: IncomingMessage): string {
  const url =
    'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/');
  // A client of a proxy may send the absolute form: http://host/path
  const path = /^https?:\/\/[^/]*/i.exec(url)?.[0].length ?? 0;
  return url.slice(path).split(/[?#]/, 1)[0] ?? '/';
}
