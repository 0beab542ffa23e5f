import type { ErrorRequestHandler, Response } from 'express';

import { problemPage } from '../pages/problem-page.js';
import { ClientGone } from './client-gone.js';
import { Problem } from './problem.js';
import { problemFromError } from './problem-from-error.js';

/** The last handler: answers every error with a problem document, or with a page if the client prefers HTML. */
export const answerProblem: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (error instanceof ClientGone || request.socket.destroyed) return;
  if (response.headersSent) {
    next(error);
    return;
  }
  const problem = problemFromError(fromExpress(error));
  // A problem without a cause is a refusal, such as "not ready". Its reason is logged once, when the state changes.
  if (problem.status >= 500 && problem.cause !== undefined) log(problem);
  response.vary('accept');
  if (request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html') {
    response.status(problem.status).set(problem.headers).type('html').send(problemPage(problem).text);
    return;
  }
  sendProblem(response, problem);
};

function sendProblem(response: Response, problem: Problem): void {
  response
    .status(problem.status)
    .set(problem.headers)
    .type('application/problem+json')
    .send(`${JSON.stringify(problem, undefined, 2)}\n`);
}

/** Converts the errors of Express itself, which have a status: for example, an address with a broken escape. */
function fromExpress(error: unknown): unknown {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return error;
  if (error instanceof Problem) return error;
  return new Problem({
    status,
    code: 'ERR_REQUEST',
    detail: 'The request is malformed. Check its address and headers.',
    cause: error,
  });
}

/** Logs the cause for the operator, because the answer does not contain it. */
function log(problem: Problem): void {
  const { cause } = problem;
  if (problem.code === 'ERR_INTERNAL') console.error(cause);
  else
    console.error(
      `${problem.status} ${problem.code}: ${cause instanceof Error ? cause.message : problem.message}`,
    );
}
