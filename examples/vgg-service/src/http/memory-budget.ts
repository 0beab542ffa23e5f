import type { Response } from 'express';

import { ClientGone } from './client-gone.js';
import { Problem } from './problem.js';

/**
 * Notes that a request holds so many bytes more.
 *
 * @throws {Problem} 503 where all requests together would hold too much.
 */
export type TakeMemory = (bytes: number) => void;

/** Bounds the bytes of all images that are being taken in or wait for the model. */
export class MemoryBudget {
  readonly #limit: number;
  #held = 0;

  /** @param limit In bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What one request takes is given back when its answer is out, or its client has gone. */
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
          detail: `The images that are being taken in hold ${this.#limit / 2 ** 20} MiB already. Try again in a moment.`,
          retryAfter: 1,
        });
      }
      this.#held += bytes;
      taken += bytes;
    };
  }
}
