import type { PendingCall } from './call.js';
import { IncomingStream } from './incoming-stream.js';

type Step = IteratorResult<unknown, undefined>;

type Submit = (chunks: IncomingStream) => PendingCall;

type State =
  | { readonly name: 'new'; readonly submit: Submit }
  | { readonly name: 'open'; readonly call: PendingCall; readonly chunks: IncomingStream }
  | { readonly name: 'ended' };

/**
 * What `stream` returns. As with a generator, nothing happens before the first chunk is asked for, so that a stream
 * that nobody reads holds no process; and it is read once.
 */
export class CallStream implements AsyncIterableIterator<unknown, undefined> {
  #state: State;

  /** @param submit Makes the call, whose chunks are to arrive there. */
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

  /** The reader leaves: at once, also while it waits for a chunk. */
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

  /** Async, so that a call that is not taken rejects as one that failed does. */
  async #open(submit: Submit): Promise<Step> {
    this.#state = { name: 'ended' };
    const chunks = new IncomingStream();
    const call = submit(chunks);
    // The reader is told by the chunks.
    call.result.catch(() => undefined);
    this.#state = { name: 'open', call, chunks };
    return chunks.next();
  }
}
