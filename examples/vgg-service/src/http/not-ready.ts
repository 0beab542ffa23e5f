import type { ModelHost, ModelState } from '../model/model-host.js';
import { Problem } from './problem.js';

const details: Record<Exclude<ModelState, 'ready'>, { detail: string; retryAfter: number }> = {
  starting: { detail: 'The model is still being loaded.', retryAfter: 2 },
  restarting: { detail: "The model's process ended and is being started again.", retryAfter: 2 },
  failed: {
    detail: "The model's process could not be started again: the service is ending.",
    retryAfter: 30,
  },
  draining: { detail: 'The service is shutting down.', retryAfter: 10 },
};

/** Whether an image may be given to the model: it is ready, or will be when its process has been started again. */
export function requireModel({ state, info }: ModelHost): void {
  if (state === 'ready' || state === 'restarting') return;
  // A service that ends still answers what reaches it, unless its model was never there.
  if (state === 'draining' && info !== undefined) return;
  throw notReady(state);
}

/** 503 with the state named, and when to ask again. */
export function notReady(state: Exclude<ModelState, 'ready'>): Problem {
  return new Problem({ status: 503, code: 'ERR_NOT_READY', state, ...details[state] });
}
