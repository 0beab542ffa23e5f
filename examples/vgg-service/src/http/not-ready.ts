import type { ModelHost, ModelState } from '../model/model-host.js';
import { Problem } from './problem.js';

const details: Record<Exclude<ModelState, 'ready'>, { detail: string; retryAfter: number }> = {
  starting: { detail: 'The model is still loading. Try again in a moment.', retryAfter: 2 },
  restarting: {
    detail: "The model's process ended. A new one is starting. Try again in a moment.",
    retryAfter: 2,
  },
  failed: {
    detail: "The model's process could not be started again, so the service is ending. Try again later.",
    retryAfter: 30,
  },
  draining: { detail: 'The service is shutting down. Try again later.', retryAfter: 10 },
};

/**
 * Lets an image pass if the model is ready, or will be when its process has restarted.
 *
 * @throws {Problem} When the model cannot take the image (503).
 */
export function requireModel({ state, info }: ModelHost): void {
  if (state === 'ready' || state === 'restarting') return;
  // A service that is shutting down still answers requests that reach it, if its model was ever ready.
  if (state === 'draining' && info !== undefined) return;
  throw notReady(state);
}

/** Builds the 503 that names the state and says when to try again. */
export function notReady(state: Exclude<ModelState, 'ready'>): Problem {
  return new Problem({ status: 503, code: 'ERR_NOT_READY', state, ...details[state] });
}
