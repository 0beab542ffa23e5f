import type { IncomingMessage, ServerResponse } from 'node:http';

import type { CallOptions } from '@dual/broker';

import { preferences } from './prefer.js';
import { priorityOf } from './priority.js';
import { idempotencyKey, scopedKey } from './scoped-key.js';
import { untilGone } from './until-gone.js';

/** Options of `callOptions`: the parts of a request that it takes. */
export interface CallOptionsOptions {
  /**
   * The user or tenant that sent the request, as the application knows it. Only within it does `Idempotency-Key` name a
   * call, so that strangers can neither join nor probe each other's calls. Without it, the header is ignored.
   * @default none
   */
  scope?: string | undefined;
  /**
   * The longest time for the whole call, in ms: waiting and running. A client can ask for less by `Prefer: wait=n` (in s),
   * or by the header `deadlineHeader`. `Infinity`: no limit.
   * @default 60_000
   */
  maxTime?: number | undefined;
  /**
   * Name of a header in which a client, or a proxy, gives the time for the whole call in ms, such as
   * `x-envoy-expected-rq-timeout-ms`.
   * @default none
   */
  deadlineHeader?: string | undefined;
  /**
   * Whether `Priority: u=0` to `u=7` (RFC 9218) sets the priority of the call. Only for clients that are trusted: every
   * client would call itself urgent.
   * @default false
   */
  priority?: boolean | undefined;
}

/** The options of a call that a request makes. */
export interface RequestCallOptions extends CallOptions {
  /** Aborted when the client disconnects, or when the time is over. */
  readonly signal: AbortSignal;
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/**
 * Makes the options of a call from a request: its signal, its deadline and its trace. If the application allows them, also
 * its key and its priority.
 *
 * ```ts
 * const label = await broker.call('predict', [image], callOptions(req, res, { scope: user.id }));
 * ```
 * @param req The request.
 * @param res Its response.
 * @param options What is taken from the request.
 * @throws {Problem} If `Idempotency-Key` is malformed (400).
 */
export function callOptions(
  req: IncomingMessage,
  res: ServerResponse,
  { scope, maxTime = 60_000, deadlineHeader, priority = false }: CallOptionsOptions = {},
): RequestCallOptions {
  const key = scope === undefined ? undefined : idempotencyKey(req);
  const wait = preferences(req).wait;
  if (wait !== undefined && wait * 1_000 <= maxTime && !res.headersSent)
    res.setHeader('preference-applied', `wait=${wait}`);
  const asked =
    deadlineHeader === undefined ? undefined : milliseconds(req.headers[deadlineHeader.toLowerCase()]);
  const deadline = Math.min(maxTime, (wait ?? Infinity) * 1_000, asked ?? Infinity);
  const { traceparent } = req.headers;
  return {
    signal: untilGone(res, deadline),
    ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {}),
    ...(key === undefined || scope === undefined ? {} : { key: scopedKey('call', scope, key) }),
    ...(priority ? { priority: priorityOf(req) } : {}),
  };
}

function milliseconds(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,10}$/.test(header) ? Number(header) : undefined;
}
