import type { Response } from '../worker/methods.js';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Matches answers to calls for contenders that only exchange messages. */
export class Pending {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** @param send Sends the request with the given id. */
  add(send: (id: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      send(id);
    });
  }

  settle({ id, result }: Response): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.resolve(result);
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
