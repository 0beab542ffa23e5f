import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Next } from '../routing/handler.js';

/**
 * Makes a handler that gives each client a time to read its answer. A client that reads slowly, or not at all, keeps the
 * answer in the memory of this process. The time begins when the whole answer was written, so a stream may take longer.
 *
 * ```ts
 * app.use(answerTimeout(60_000));
 * ```
 * @param time From the end of the answer, in ms. Then the connection is cut.
 */
export function answerTimeout(time: number): (req: IncomingMessage, res: ServerResponse, next: Next) => void {
  return (_req, res, next) => {
    res.once('prefinish', () => {
      const timer = setTimeout(() => res.destroy(), time).unref();
      res.once('close', () => {
        clearTimeout(timer);
      });
    });
    next();
  };
}
