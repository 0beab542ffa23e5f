import { AsyncResource } from 'node:async_hooks';

/** What a pipeline has reported of a call by `currentCall().progress(value)`. */
export interface CallProgress extends AsyncIterable<unknown> {
  /** The latest value; `undefined` before there is one. */
  readonly latest: unknown;
  /**
   * The latest value, then those that follow, until the call settles. Who reads more slowly than the pipeline
   * reports misses values, but never the last one. Any number may read at once.
   */
  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined>;
}

type Listener = (value: unknown) => void;

/** The progress of one call, as it arrives. Holds one value, however many are reported. */
export class Progress implements CallProgress {
  #latest: unknown;
  /** Of the latest value, on the wire. */
  #bytes = 0;
  #reports = 0;
  #ended = false;
  readonly #listeners = new Set<Listener>();
  #wake: (() => void)[] = [];

  get latest(): unknown {
    return this.#latest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  report(value: unknown, bytes: number): void {
    if (this.#ended) return;
    this.#latest = value;
    this.#bytes = bytes;
    this.#reports += 1;
    this.#wakeAll();
    for (const listener of this.#listeners) tell(listener, value);
  }

  /**
   * Tells the listener, in the asynchronous context of who adds it, of the latest value and of those that follow.
   * @returns What ends that.
   */
  listen(listener: Listener): () => void {
    const bound = AsyncResource.bind(listener);
    this.#listeners.add(bound);
    if (this.#reports > 0) tell(bound, this.#latest);
    return () => {
      this.#listeners.delete(bound);
    };
  }

  /** The call has settled. */
  end(): void {
    this.#ended = true;
    this.#listeners.clear();
    this.#wakeAll();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, undefined> {
    let seen = 0;
    for (;;) {
      if (this.#reports > seen) {
        seen = this.#reports;
        yield this.#latest;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** After the work at hand: what a listener does, or throws, cannot get in its way. */
function tell(listener: Listener, value: unknown): void {
  queueMicrotask(() => {
    listener(value);
  });
}
