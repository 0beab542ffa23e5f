import type { ModelState } from '../model/model-host.js';
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

/** 503 with the state named, and when to ask again. */
export function notReady(state: Exclude<ModelState, 'ready'>): Problem {
  return new Problem({ status: 503, code: 'ERR_NOT_READY', state, ...details[state] });
}
