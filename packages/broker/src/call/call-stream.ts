import { InvalidOptionError } from '../errors.js';
import { onAbort } from './abort.js';
import { abortError } from './call-errors.js';
import { captureCallSite, withCallSite } from './call-site.js';
import { IncomingStream } from './incoming-stream.js';
import type { PendingCall } from './pending-call.js';

type Step = IteratorResult<unknown, undefined>;

type Submit = (chunks: IncomingStream) => PendingCall;

type State =
  | { readonly name: 'new'; readonly submit: Submit }
  | { readonly name: 'open'; readonly call: PendingCall; readonly chunks: IncomingStream }
  | { readonly name: 'ended' };

/** A stream as its caller gets it. It can be read once. */
export class CallStream implements AsyncIterable<unknown> {
  #submit: Submit | undefined;
  readonly #frames: number;

  /**
   * @param submit Makes the call, whose chunks go to the given stream.
   * @param frames Number of the broker's own frames between the reader and its iterator, with that one.
   */
  constructor(submit: Submit, frames: number) {
    this.#submit = submit;
    this.#frames = frames;
  }

  /** @throws {InvalidOptionError} If the stream has a reader already. */
  [Symbol.asyncIterator](): StreamReader {
    const submit = this.#submit;
    this.#submit = undefined;
    if (submit !== undefined) return new StreamReader(submit);
    const message =
      'a stream can be read once, and this one has a reader: call stream() again for another one';
    throw withCallSite(new InvalidOptionError('stream', message), captureCallSite(this.#frames));
  }
}

/**
 * The reader's side of a stream. Like a generator, it does nothing before the first chunk is asked for, so a stream that
 * nobody reads occupies no process.
 */
class StreamReader implements AsyncIterableIterator<unknown, undefined> {
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
      state.chunks.leave();
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
    const { signal } = call.options;
    if (signal !== undefined) {
      // The call stops listening when it settles. Its last chunks may be read much later.
      chunks.onceRead(
        onAbort(signal, () => {
          chunks.abort(abortError(call.details(), signal));
        }),
      );
    }
    return chunks.next();
  }
}
