import type { ServerResponse } from 'node:http';

import { sendBody } from '../answer/send-body.js';
import { ClientGone } from './client-gone.js';
import { problem, type ProblemMapping } from './from-error.js';
import type { Problem } from './problem.js';

/**
 * Answers an error with a problem document (RFC 9457). If the answer has already begun, the connection is cut, so that
 * the client does not take a part for the whole.
 * @param res The response.
 * @param error Any error: see `problem`.
 * @param options Statuses of other codes.
 * @returns The problem, for the log: its `cause` is the error. `undefined` if the client is gone.
 */
export function sendError(
  res: ServerResponse,
  error: unknown,
  options?: ProblemMapping,
): Problem | undefined {
  return answerError(res, error, options, (answer) => ({
    type: 'application/problem+json',
    body: `${JSON.stringify(answer, undefined, 2)}\n`,
  }));
}

/**
 * Answers an error in the form of a protocol: see `sendError`.
 * @param render Makes the document.
 */
export function answerError(
  res: ServerResponse,
  error: unknown,
  options: ProblemMapping | undefined,
  render: (answer: Problem) => { readonly type: string; readonly body: string },
): Problem | undefined {
  if (error instanceof ClientGone || res.destroyed || res.writableEnded) return undefined;
  const answer = problem(error, options);
  if (res.headersSent) {
    res.destroy();
    return answer;
  }
  const { type, body } = render(answer);
  const headers = { ...answer.headers, 'content-type': type, 'cache-control': 'no-store' };
  sendBody(res, answer.status, headers, body);
  return answer;
}
