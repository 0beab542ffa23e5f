import type { BrokerErrorCode } from '@dual/broker';

import { printable } from './printable.js';
import { Problem } from './problem.js';
import { ANSWERS } from './statuses.js';

/** Options of `problem` and `sendError`. */
export interface ProblemMapping {
  /**
   * Statuses of the application's own errors, by their `code`. The `message` of such an error is sent to the client, so it
   * must hold no path and no secret. A code of the broker may be given too, to change its status.
   * @default none
   */
  statuses?: Readonly<Record<string, number>> | undefined;
}

/**
 * Converts any error to the problem that the client is told of.
 *
 * - A `Problem` stays as it is.
 * - An error of the broker has the status of the table `STATUSES`, and a text that names neither paths nor methods.
 * - An error whose code is in `statuses` has that status, and its own message.
 * - Any other error is a bug: status 500, code `ERR_INTERNAL`, and a text that says nothing about it.
 * @param error The error.
 * @param options Statuses of other codes.
 */
export function problem(error: unknown, { statuses = {} }: ProblemMapping = {}): Problem {
  if (error instanceof Problem) return error;
  const code = codeOf(error);
  // A deadline aborts the call's signal: the reason says more than the cancellation.
  if (code === 'ERR_DUAL_CALL_CANCELLED' && error instanceof Error && error.cause instanceof Problem)
    return error.cause;
  const status = code !== undefined && Object.hasOwn(statuses, code) ? statuses[code] : undefined;
  if (isBrokerCode(code)) {
    const answer = ANSWERS[code];
    const retryAfter = retryAfterOf(error) ?? answer.retryAfter;
    return new Problem({ ...answer, status: status ?? answer.status, retryAfter, code, cause: error });
  }
  if (code !== undefined && status !== undefined && error instanceof Error) {
    const field = 'field' in error && typeof error.field === 'string' ? error.field : undefined;
    return new Problem({ status, code, detail: printable(error.message, 1_000), field, cause: error });
  }
  return new Problem({
    status: 500,
    code: 'ERR_INTERNAL',
    detail: 'An error occurred in the service itself. Its log has the details.',
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function isBrokerCode(code: string | undefined): code is BrokerErrorCode {
  return code !== undefined && Object.hasOwn(ANSWERS, code);
}

/** The time that `QueueFullError` measured, in whole s. */
function retryAfterOf(error: unknown): number | undefined {
  const ms =
    error instanceof Error && 'retryAfter' in error && typeof error.retryAfter === 'number'
      ? error.retryAfter
      : undefined;
  return ms === undefined || !Number.isFinite(ms) ? undefined : Math.max(1, Math.ceil(ms / 1_000));
}
