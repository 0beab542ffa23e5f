import { Problem, problem, type ReadinessState } from '@dual/http';

import { errorCode } from '../error-code.js';
import { IMAGE_STATUSES } from '../imaging/image-error.js';

/**
 * Converts an error to the answer for the client.
 *
 * @param field The form field or JSON property that held the image or its URL, if there was one.
 */
export function problemOf(error: unknown, field?: string): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  // An error of the decoder's process is told by its code: after it crosses the process boundary, it is no ImageError.
  if (error instanceof Error && code !== undefined && code in IMAGE_STATUSES) {
    const status = IMAGE_STATUSES[code as keyof typeof IMAGE_STATUSES]; // looked up above
    return new Problem({ status, code, detail: error.message, field, cause: error });
  }
  return problem(fromExpress(error));
}

/** Converts the errors of Express itself, which have a status: for example, an address with a broken escape. */
function fromExpress(error: unknown): unknown {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (typeof status !== 'number' || status < 400 || status > 499) return error;
  const detail = 'The request is malformed. Check its address and headers.';
  return new Problem({ status, code: 'ERR_REQUEST', detail, cause: error });
}

const NOT_READY: Partial<Record<ReadinessState, { detail: string; retryAfter: number }>> = {
  starting: { detail: 'The model is still loading. Try again in a moment.', retryAfter: 2 },
  draining: { detail: 'The service is shutting down. Try again later.', retryAfter: 10 },
};

/** The 503 that names the state and says when to try again. */
export function notReady(state: ReadinessState): Problem {
  const { detail, retryAfter } = NOT_READY[state] ?? {
    detail: "The model's process could not be started again, so the service is ending. Try again later.",
    retryAfter: 30,
  };
  return new Problem({ status: 503, code: 'ERR_NOT_READY', detail, retryAfter, members: { state } });
}
