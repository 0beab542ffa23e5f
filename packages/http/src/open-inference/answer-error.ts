import type { ServerResponse } from 'node:http';

import type { Problem } from '../problems/problem.js';
import { answerError } from '../problems/send-error.js';

/** Answers an error as the protocol demands: `{"error": "…"}`. A stable `code` stands beside it. */
export function sendProtocolError(res: ServerResponse, error: unknown): Problem | undefined {
  return answerError(res, error, undefined, ({ message, code }) => ({
    type: 'application/json',
    body: JSON.stringify({ error: message, code }),
  }));
}
