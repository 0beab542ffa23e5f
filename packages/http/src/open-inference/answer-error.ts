import type { ServerResponse } from 'node:http';

import { ClientGone } from '../problems/client-gone.js';
import { problem } from '../problems/from-error.js';
import type { Problem } from '../problems/problem.js';

/** Answers an error as the protocol demands: `{"error": "…"}`. A stable `code` stands beside it. */
export function answerError(res: ServerResponse, error: unknown): Problem | undefined {
  if (error instanceof ClientGone || res.destroyed || res.writableEnded) return undefined;
  const answer = problem(error);
  if (res.headersSent) {
    res.destroy();
    return answer;
  }
  const body = JSON.stringify({ error: answer.message, code: answer.code });
  res
    .writeHead(answer.status, {
      ...answer.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    })
    .end(body);
  return answer;
}
