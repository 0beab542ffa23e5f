import type { RequestHandler } from 'express';

import { Problem } from './problem.js';

/** Bounds what many uploads at once can hold in memory. */
export function limitInFlight(limit: number): RequestHandler {
  let inFlight = 0;
  return (_request, response, next) => {
    if (inFlight >= limit) {
      throw new Problem({
        status: 503,
        code: 'ERR_TOO_MANY_REQUESTS_AT_ONCE',
        detail: `${limit} images are being taken in already. Try again in a moment.`,
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
