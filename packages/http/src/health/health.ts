import { sendJson } from '../answer/send-json.js';
import { Problem } from '../problems/problem.js';
import type { Handler } from '../routing/handler.js';
import { type HandlerOptions, type Operation, router } from '../routing/router.js';
import { type AnyClient, readiness, type StallOptions } from './readiness.js';

/** Options of `health`. */
export interface HealthOptions extends HandlerOptions {
  /**
   * Path of the liveness probe: 200 as long as this process answers.
   * @default '/health/live'
   */
  live?: string | undefined;
  /**
   * Path of the readiness probe: 200 if the pipeline can take calls, else 503 with `state` and `reason`.
   * @default '/health/ready'
   */
  ready?: string | undefined;
  /**
   * When the pipeline counts as stalled.
   * @default { factor: 10, atLeast: 30_000 }
   */
  stall?: StallOptions | undefined;
}

/**
 * Answers the probes of an orchestrator. This process answers them, whatever the pipeline's process does.
 * @param clients The pipeline's client, or those of all pipelines that the service needs: it is ready when all of them are.
 * @param options Paths, and when a pipeline counts as stalled.
 */
export function health(
  clients: AnyClient | readonly AnyClient[],
  { live = '/health/live', ready = '/health/ready', stall, ...options }: HealthOptions = {},
): Handler {
  const isLive: Operation = {
    run: ({ res }) => {
      sendJson(res, 200, { status: 'live' });
    },
    doc: { summary: 'Whether the server answers.', responses: { 200: { description: 'It does.' } } },
  };
  const isReady: Operation = {
    run: ({ res }) => {
      for (const client of [clients].flat()) {
        const { ready: can, state, reason } = readiness(client, stall);
        if (!can) throw notReady(state, reason);
      }
      sendJson(res, 200, { state: 'ready' });
    },
    doc: {
      summary: 'Whether the service can take requests.',
      responses: {
        200: { description: 'It can.' },
        503: { description: 'It cannot: a problem document with `state`.' },
      },
    },
  };
  return router(
    [
      { path: live, methods: { GET: isLive } },
      { path: ready, methods: { GET: isReady } },
    ],
    options,
  );
}

function notReady(state: string, reason: string | undefined): Problem {
  return new Problem({
    status: 503,
    code: 'ERR_NOT_READY',
    detail: reason ?? 'The service is not ready.',
    members: { state },
    retryAfter: 1,
  });
}
