import type { ServerResponse } from 'node:http';

import { ClientGone } from '../problems/client-gone.js';
import { Problem } from '../problems/problem.js';

/** The longest time of a timer, in ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Makes the one signal of a request. It is aborted by `ClientGone` when the client disconnects before the answer is
 * complete, and by a `Problem` (504) when the deadline is over.
 *
 * One controller and one timer, and not `AbortSignal.any` of two signals: it costs a third, and the timer ends with the
 * answer.
 * @param res The response.
 * @param deadline In ms from now; `Infinity` for none.
 */
export function untilGone(res: ServerResponse, deadline: number): AbortSignal {
  const controller = new AbortController();
  if (res.destroyed || res.req.socket.destroyed) {
    controller.abort(new ClientGone());
    return controller.signal;
  }
  const timer = Number.isFinite(deadline)
    ? setTimeout(
        () => {
          controller.abort(deadlineOver(deadline));
        },
        Math.min(deadline, LONGEST_TIMER),
      ).unref()
    : undefined;
  res.once('close', () => {
    clearTimeout(timer);
    if (!res.writableFinished) controller.abort(new ClientGone());
  });
  return controller.signal;
}

function deadlineOver(deadline: number): Problem {
  return new Problem({
    status: 504,
    code: 'ERR_DEADLINE',
    detail: `The answer was not ready within ${deadline / 1_000} s. Try again in a moment.`,
  });
}
