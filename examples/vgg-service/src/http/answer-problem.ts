import { inspect } from 'node:util';

import { ClientGone, type Problem, sendError } from '@dual/http';
import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';

import { problemPage } from '../pages/problem-page.js';
import { problemOf } from './problems.js';

/** Makes the last handler: it answers every error with a problem document, or with a page if the client prefers HTML. */
export function answerProblem(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (error instanceof ClientGone || request.socket.destroyed) return;
    if (response.headersSent) {
      next(error);
      return;
    }
    const answer = problemOf(error);
    logCause(log, answer);
    response.vary('accept');
    if (request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html')
      response.status(answer.status).set(answer.headers).type('html').send(problemPage(answer).text);
    else sendError(response, answer);
  };
}

/**
 * Logs why a request failed, if the service is at fault. A refusal, such as "not ready", has no cause: its reason is logged
 * once, when the state changes.
 */
function logCause(log: Logger, { status, code, cause }: Problem): void {
  if (status < 500 || cause === undefined) return;
  if (code === 'ERR_INTERNAL') log.error({ err: cause }, 'A request failed');
  else
    log.warn({ code, reason: cause instanceof Error ? cause.message : inspect(cause) }, 'A request failed');
}
