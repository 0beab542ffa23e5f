import { AsyncResource } from 'node:async_hooks';

/** The values that a pipeline reports about a call by `currentCall().progress(value)`. */
export interface CallProgress extends AsyncIterable<unknown> {
  /** The latest value; `undefined` before the first. It stays after the call has settled. */
  readonly latest: unknown;
  /**
   * Yields the latest value, then later ones, until the call settles. A reader that is slower than the pipeline
   * misses values, but never the last one. Any number of readers may read at once.
   */
  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined>;
}

type Listener = (value: unknown) => void;

/** The progress of one call. It holds one value, however many are reported. */
export class Progress implements CallProgress {
  #latest: unknown;
  #bytes = 0;
  #reports = 0;
  #ended = false;
  readonly #listeners = new Set<Listener>();
  #wake: (() => void)[] = [];

  get latest(): unknown {
    return this.#latest;
  }

  /** Length of the latest value on the wire, in bytes. */
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
   * Passes the latest value and later ones to the listener, in the async context of this call.
   * @returns A function that ends it.
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

/** In a microtask, so that a listener that acts or throws does not disturb the broker's own work. */
function tell(listener: Listener, value: unknown): void {
  queueMicrotask(() => {
    listener(value);
  });
}
