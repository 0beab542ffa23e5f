import type { Response } from 'express';

/** The client closed its connection before the answer was complete. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('The client closed the connection before the answer was complete');
  }
}

/** Makes a signal that aborts when the client closes the connection early, so that work for it stops. */
export function clientGone(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ClientGone());
  });
  return controller.signal;
}
