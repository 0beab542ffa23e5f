import { Problem } from '@dual/http';
import type { RequestHandler } from 'express';

/** The last handler of a route: answers OPTIONS with the supported methods, and every other method with 405. */
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
      detail: `This address does not support ${request.method}. Use one of ${allow}.`,
      headers: { allow },
    });
  };
}
