import type { IncomingMessage, ServerResponse } from 'node:http';

import type { MethodArgs, PipelineClient, StreamName } from '@dual/broker';

import { encodeJson } from '../answer/encode-json.js';
import type { EventStreamOptions } from '../answer/event-stream.js';
import { callOptions, type RequestCallOptions } from '../call-options/call-options.js';
import { ClientGone } from '../problems/client-gone.js';
import { problem, type ProblemMapping } from '../problems/from-error.js';
import type { Problem } from '../problems/problem.js';
import { sendError } from '../problems/send-error.js';
import type { Handler } from '../routing/handler.js';
import { type Exchange, type HandlerOptions, type Operation, router } from '../routing/router.js';
import { STREAM_TYPES, streamFormat } from './format.js';

/** Options of `stream`. `A`: the arguments of the method. */
export interface StreamOptions<A> extends HandlerOptions, EventStreamOptions, ProblemMapping {
  /** The whole path as clients see it. */
  path: string;
  /**
   * The HTTP method. `EventSource` of browsers can only GET.
   * @default 'POST'
   */
  verb?: 'GET' | 'POST' | undefined;
  /** The method's arguments. An error that it throws is answered as by `sendError`. */
  args: (req: IncomingMessage, res: ServerResponse) => A | Promise<A>;
  /**
   * Options of the call.
   * @default those of `callOptions(req, res, { maxTime: Infinity })`
   */
  options?: ((req: IncomingMessage, res: ServerResponse) => RequestCallOptions) | undefined;
}

/**
 * Answers with the chunks of a method that yields its results: as server-sent events or as NDJSON, by `Accept`. Chunks become
 * JSON. A slow reader slows the method down, and one that goes away cancels it.
 *
 * - An error before the first chunk is a problem document with its status.
 * - A later one is the last event, `error`, or the last line, `{"error": …}`; both hold the problem document.
 * - The last of all events is `end`, so that a browser does not connect again.
 * @param client The pipeline's client.
 * @param method Name of the method.
 * @param options Path, arguments, and bounds.
 */
export function stream<P, K extends StreamName<P>>(
  client: Pick<PipelineClient<P>, 'pipeline' | 'stream'>,
  method: K,
  {
    path,
    verb = 'POST',
    args,
    options = (req, res) => callOptions(req, res, { maxTime: Infinity }),
    ...rest
  }: StreamOptions<Readonly<MethodArgs<P, K>>>,
): Handler {
  const { onError = console.error } = rest;
  const run = async ({ req, res }: Exchange): Promise<void> => {
    const format = streamFormat(req);
    if (req.method === 'HEAD') {
      res.writeHead(200, format.headers).end();
      return;
    }
    const call = options(req, res);
    const chunks = client.stream(method, await args(req, res), call)[Symbol.asyncIterator]();
    let leave = true;
    try {
      let step = await chunks.next();
      const answer = format.open(res, rest);
      try {
        for (; step.done !== true; step = await chunks.next()) await answer.chunk(encodeJson(step.value));
        leave = false;
      } catch (error) {
        if (error instanceof ClientGone || res.destroyed) return;
        const told = problem(error, rest);
        if (told.status === 500) onError(error);
        await answer.fail(JSON.stringify(told));
        return;
      }
      await answer.end();
    } finally {
      if (leave) await chunks.return?.();
    }
  };
  const answerError = (res: ServerResponse, error: unknown): Problem | undefined =>
    sendError(res, error, rest);
  return router([{ path, methods: { [verb]: operation(run, method) } }], { onError, answerError });
}

function operation(run: Operation['run'], method: string): Operation {
  return {
    run,
    doc: {
      summary: `The results of ${method}, one by one.`,
      responses: {
        200: {
          description: 'The results. If an error ends them early, it is the last event, or the last line.',
          content: Object.fromEntries(STREAM_TYPES.map((type) => [type, {}])),
        },
        406: { description: 'Accept names neither of the types: a problem document.' },
      },
    },
  };
}
