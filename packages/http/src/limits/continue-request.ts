import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests whose client waits for `100 Continue` before it sends the body. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Remembers that the client of a request waits before it sends the body. */
export function holdRequest(req: IncomingMessage, res: ServerResponse): void {
  waiting.set(req, res);
}

/** Tells the client of a request to send the body, if it waits for that. */
export function continueRequest(req: IncomingMessage): void {
  const res = waiting.get(req);
  waiting.delete(req);
  if (res !== undefined && !res.headersSent) res.writeContinue();
}
