import { createHash, timingSafeEqual } from 'node:crypto';

import { Problem } from '@dual/http';
import cors from 'cors';
import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';

import type { Settings } from '../settings/command-line.js';

/** Paths that orchestrators ask, without a key and without a rate. */
const PROBES = '/health/';

/** The guards before all endpoints but the probes: CORS, a rate for each client, and API keys. Each is off by default. */
export function guards({ cors: origins, 'api-key': keys, rate }: Settings): RequestHandler[] {
  const all: RequestHandler[] = [];
  if (origins.length > 0)
    all.push(
      cors({
        origin: origins.includes('*') ? '*' : [...origins],
        exposedHeaders: ['location', 'retry-after'],
      }),
    );
  if (rate > 0) all.push(limitRate(rate));
  if (keys.length > 0) all.push(requireKey(keys));
  return all;
}

function limitRate(limit: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skip: ({ path }) => path.startsWith(PROBES),
    handler: (_request, response, next) => {
      const retryAfter = Number(response.getHeader('retry-after') ?? 60);
      next(
        new Problem({
          status: 429,
          code: 'ERR_RATE',
          detail: `You have sent more than ${limit} requests in a minute. Send fewer.`,
          retryAfter,
        }),
      );
    },
  });
}

function requireKey(keys: readonly string[]): RequestHandler {
  const known = keys.map(digest);
  return (request, _response, next) => {
    const given = request.get('x-api-key') ?? /^Bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1];
    // Digests have one length, and comparing them takes the same time for every key.
    const hash = digest(given ?? '');
    if (request.path.startsWith(PROBES) || known.some((one) => timingSafeEqual(one, hash))) {
      next();
      return;
    }
    throw new Problem({
      status: 401,
      code: 'ERR_API_KEY',
      detail:
        'The request has no valid API key. Send one as Authorization: Bearer KEY, or as X-API-Key: KEY.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
