import { IncomingStream } from './incoming-stream.js';
import type { PendingCall } from './pending-call.js';

type Step = IteratorResult<unknown, undefined>;

type Submit = (chunks: IncomingStream) => PendingCall;

type State =
  | { readonly name: 'new'; readonly submit: Submit }
  | { readonly name: 'open'; readonly call: PendingCall; readonly chunks: IncomingStream }
  | { readonly name: 'ended' };

/**
 * The reader's side of a stream. Like a generator, it does nothing before the first chunk is asked for, so a stream that
 * nobody reads occupies no process. It can be read once.
 */
export class CallStream implements AsyncIterableIterator<unknown, undefined> {
  #state: State;

  /** @param submit Makes the call, whose chunks go to the given stream. */
  constructor(submit: Submit) {
    this.#state = { name: 'new', submit };
  }

  next(): Promise<Step> {
    const state = this.#state;
    switch (state.name) {
      case 'new':
        return this.#open(state.submit);
      case 'open':
        return state.chunks.next();
      case 'ended':
        return Promise.resolve({ done: true, value: undefined });
    }
  }

  /** The reader leaves, possibly while it waits for a chunk. */
  return(): Promise<Step> {
    const state = this.#state;
    this.#state = { name: 'ended' };
    if (state.name === 'open') {
      state.chunks.discard();
      state.chunks.end();
      state.call.cancel('the reader of the stream has left');
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Async, so that a refused call rejects in the same way as a failed one. */
  async #open(submit: Submit): Promise<Step> {
    this.#state = { name: 'ended' };
    const chunks = new IncomingStream();
    const call = submit(chunks);
    // The reader learns of a failure from `chunks`.
    call.result.catch(() => undefined);
    this.#state = { name: 'open', call, chunks };
    return chunks.next();
  }
}
