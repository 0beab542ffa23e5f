import type { RequestHandler } from 'express';

import { Problem } from './problem.js';

/** Limits how many requests are in progress at once, because each may hold an image in memory. */
export function limitInFlight(limit: number): RequestHandler {
  let inFlight = 0;
  return (_request, response, next) => {
    if (inFlight >= limit) {
      throw new Problem({
        status: 503,
        code: 'ERR_TOO_MANY_REQUESTS_AT_ONCE',
        detail: `${limit} images are already in progress. Try again in a moment.`,
        retryAfter: 1,
      });
    }
    inFlight++;
    response.once('close', () => {
      inFlight--;
    });
    next();
  };
}
