import type { ErrorRequestHandler, Response } from 'express';

import { problemPage } from '../pages/problem-page.js';
import { ClientGone } from './client-gone.js';
import { Problem } from './problem.js';
import { problemFromError } from './problem-from-error.js';

/** The last handler: every error becomes a problem document, or a page for who prefers one. */
export const answerProblem: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (error instanceof ClientGone || request.socket.destroyed) return;
  if (response.headersSent) {
    next(error);
    return;
  }
  const problem = problemFromError(fromExpress(error));
  // A refusal has no cause: nothing went wrong in it, and the change of state behind it is told once where it happens.
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

/** What Express itself refuses, such as an address with a broken escape, carries a status; the rest is ours. */
function fromExpress(error: unknown): unknown {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return error;
  if (error instanceof Problem) return error;
  return new Problem({
    status,
    code: 'ERR_REQUEST',
    detail: 'The request cannot be understood.',
    cause: error,
  });
}

/** For whoever runs the service; the answer holds none of it. */
function log(problem: Problem): void {
  const { cause } = problem;
  if (problem.code === 'ERR_INTERNAL') console.error(cause);
  else
    console.error(
      `${problem.status} ${problem.code}: ${cause instanceof Error ? cause.message : problem.message}`,
    );
}
