import type { IncomingMessage, ServerResponse } from 'node:http';

import type { PathItems } from '../openapi/path-items.js';

/** Passes a request on to the next handler, or an error to the application's own error handler. */
export type Next = (error?: unknown) => void;

/**
 * A handler with Node's own signature. Express takes it as it is; node:http takes it as a listener, see `compose`.
 * It answers the paths of its options, and passes every other request on to `next`.
 */
export interface Handler {
  (req: IncomingMessage, res: ServerResponse, next?: Next): void;
  /** The paths that it answers, as an OpenAPI document describes them. */
  readonly paths: PathItems;
}
