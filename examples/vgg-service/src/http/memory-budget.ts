import type { Response } from 'express';

import { ClientGone } from './client-gone.js';
import { Problem } from './problem.js';

/**
 * Reserves memory for one request.
 *
 * @param bytes Number of bytes that the request holds in addition.
 * @throws {Problem} When all requests together would hold too much memory (503).
 * @throws {ClientGone} When the client has closed the connection.
 */
export type TakeMemory = (bytes: number) => void;

/** Limits the bytes of all images that are being received or wait for the model. */
export class MemoryBudget {
  readonly #limit: number;
  #held = 0;

  /** @param limit In bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Makes the share of one request. It is returned when the answer is complete or the client has gone. */
  share(response: Response): TakeMemory {
    let taken = 0;
    let open = true;
    response.once('close', () => {
      open = false;
      this.#held -= taken;
    });
    return (bytes) => {
      if (!open) throw new ClientGone();
      if (this.#held + bytes > this.#limit) {
        throw new Problem({
          status: 503,
          code: 'ERR_TOO_MANY_REQUESTS_AT_ONCE',
          detail: `The images in progress would exceed the limit of ${this.#limit / 2 ** 20} MiB. Try again in a moment.`,
          retryAfter: 1,
        });
      }
      this.#held += bytes;
      taken += bytes;
    };
  }
}
