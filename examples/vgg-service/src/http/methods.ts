import type { RequestHandler } from 'express';

import { Problem } from './problem.js';

/** Answers what the handlers before it on a route did not take: OPTIONS with the methods, everything else with 405. */
export function onlyMethods(...methods: string[]): RequestHandler {
  const allow = [...methods, 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method === 'OPTIONS') {
      response.set('allow', allow).status(204).end();
      return;
    }
    throw new Problem({
      status: 405,
      code: 'ERR_METHOD',
      detail: `${request.method} is not possible here; ${allow} are.`,
      headers: { allow },
    });
  };
}
