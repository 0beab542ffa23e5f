import type { IncomingMessage } from 'node:http';

import { sizeText } from '../answer/bytes.js';
import { Problem } from '../problems/problem.js';

/** Bounds of what all requests together may hold. */
export interface LimitsOptions {
  /**
   * Most requests whose body is being received at once.
   * @default 128
   */
  receiving?: number | undefined;
  /**
   * Most downloads at once.
   * @default 32
   */
  downloading?: number | undefined;
  /**
   * Most of these places that one client has at once, of each kind.
   * @default 16
   */
  perClient?: number | undefined;
  /**
   * Most bytes of inputs that all requests together hold, from their arrival to the end of their answer.
   * @default 512 MiB
   */
  bytes?: number | undefined;
  /**
   * Names the client of a request. Behind a proxy, the application must say which header it trusts.
   * @default the address that the connection comes from
   */
  client?: ((req: IncomingMessage) => string) | undefined;
}

/** The parts of a request that a stranger can make slow. Each kind has its own places. */
export type Phase = 'receiving' | 'downloading';

/** Bounds that several endpoints share: see `limits`. */
export interface Limits {
  /**
   * Takes a place. It must be given back.
   * @throws {Problem} If the client has its share already (429), or all places are taken (503).
   */
  readonly enter: (phase: Phase, req: IncomingMessage) => () => void;
  /**
   * Counts bytes that a request holds until its end.
   * @throws {Problem} If all requests together would hold too many (503).
   */
  readonly take: (req: IncomingMessage, bytes: number) => void;
}

/**
 * Makes bounds for `receive`, so that slow or greedy clients cannot take every place and all the memory. Give the same
 * object to every endpoint.
 *
 * Waiting calls have a bound of their own: the broker's `maxQueue`.
 * @param options The bounds.
 */
export function limits({
  receiving = 128,
  downloading = 32,
  perClient = 16,
  bytes: most = 512 * 2 ** 20,
  client = (req) => req.socket.remoteAddress ?? '',
}: LimitsOptions = {}): Limits {
  const places = {
    receiving: new Places(receiving, perClient),
    downloading: new Places(downloading, perClient),
  };
  const held = new WeakMap<IncomingMessage, number>();
  let all = 0;
  return {
    enter: (phase, req) => places[phase].enter(client(req)),
    take: (req, bytes) => {
      if (all + bytes > most)
        throw full(`The inputs in progress would exceed the limit of ${sizeText(most)}.`);
      const before = held.get(req);
      if (before === undefined) {
        // Node emits it when the answer is complete, or the connection is gone.
        req.once('close', () => {
          all -= held.get(req) ?? 0;
        });
      }
      held.set(req, (before ?? 0) + bytes);
      all += bytes;
    },
  };
}

/** The places of one kind. */
class Places {
  readonly #most: number;
  readonly #perClient: number;
  readonly #byClient = new Map<string, number>();
  #taken = 0;

  constructor(most: number, perClient: number) {
    this.#most = most;
    this.#perClient = perClient;
  }

  enter(client: string): () => void {
    const own = this.#byClient.get(client) ?? 0;
    if (own >= this.#perClient) {
      throw new Problem({
        status: 429,
        code: 'ERR_TOO_MANY_REQUESTS_OF_CLIENT',
        detail: `${this.#perClient} of your requests are already being received. Wait for their answers.`,
        retryAfter: 1,
      });
    }
    if (this.#taken >= this.#most) throw full(`${this.#most} requests are already being received.`);
    this.#taken += 1;
    this.#byClient.set(client, own + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#taken -= 1;
      const rest = (this.#byClient.get(client) ?? 1) - 1;
      if (rest === 0) this.#byClient.delete(client);
      else this.#byClient.set(client, rest);
    };
  }
}

function full(why: string): Problem {
  return new Problem({
    status: 503,
    code: 'ERR_TOO_MANY_REQUESTS_AT_ONCE',
    detail: `${why} Try again in a moment.`,
    retryAfter: 1,
  });
}
