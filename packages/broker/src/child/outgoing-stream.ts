import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import { payloadBytes } from '../channel/frame.js';
import { ToBroker } from '../channel/messages.js';
import { Window } from '../channel/window.js';
import { SerializationError } from '../errors.js';
import { encodeBounded, resultFrame, thrownFrame, unserializableFrame } from './answer.js';
import type { ChunkSource } from './chunk-source.js';
import { withOrigin } from './context.js';
import type { RunningCall } from './running-call.js';
import { follow, isThenable } from './thenable.js';

/** After this many ms of computing, the event loop gets a turn: it reads aborts and credits. */
const TURN = 1;

export interface OutgoingStreamOptions {
  readonly call: RunningCall;
  readonly source: ChunkSource;
  readonly channel: Pick<Channel, 'send' | 'flush' | 'flushed'>;
  /** Longest chunk that is sent. */
  readonly maxMessageBytes: number;
}

type Step = IteratorResult<unknown, unknown>;

/** Sends what a method yields, no faster than it is read. */
export class OutgoingStream {
  readonly #options: OutgoingStreamOptions;
  readonly #window = new Window();
  /** Why no further chunk is wanted: nobody reads any more, or something that the call started went wrong. */
  #interruption: 'aborted' | { readonly error: unknown } | undefined;
  /** Ends the present waiting, if there is any. */
  #wake: () => void = () => undefined;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
    const { signal } = options.call.view;
    if (signal.aborted) this.#interruption = 'aborted';
    signal.addEventListener('abort', () => {
      this.#interrupt('aborted');
    });
    options.call.onFailure((error) => {
      this.#interrupt({ error });
    });
  }

  /** The reader has taken so many chunks more. */
  credit(chunks: number): void {
    this.#window.release(chunks);
    this.#wake();
  }

  /** @returns The answer of the call. */
  async run(): Promise<Frame> {
    const { call, maxMessageBytes } = this.#options;
    try {
      let turn = performance.now();
      for (;;) {
        while (this.#window.isFull() && this.#interruption === undefined) await this.#woken();
        const step = this.#interruption === undefined ? await this.#next() : undefined;
        if (step === undefined) return await this.#interrupted();
        if (step.done === true) return resultFrame(call.id, undefined, maxMessageBytes);
        const failure = await this.#send(step.value);
        if (failure !== undefined) return failure;
        if (performance.now() - turn < TURN) continue;
        await setImmediate();
        turn = performance.now();
      }
    } catch (error) {
      return thrownFrame(call.id, error, maxMessageBytes);
    }
  }

  /** @returns `undefined` where the stream is interrupted before there is one. */
  #next(): Step | Promise<Step | undefined> {
    const { call, source } = this.#options;
    const step = withOrigin(call.view, () => source.next());
    if (!isThenable(step)) return step;
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        if (this.#interruption !== undefined) resolve(undefined);
      };
      void follow(step, resolve, reject);
    });
  }

  /** @returns The answer of the call where the chunk cannot cross. */
  async #send(chunk: unknown): Promise<Frame | undefined> {
    const { call, channel, maxMessageBytes } = this.#options;
    try {
      const payload = encodeBounded(chunk, 'chunk', maxMessageBytes);
      channel.send({ type: ToBroker.Chunk, id: call.id, attempt: 0, payload });
      this.#window.add(payloadBytes(payload));
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      await this.#close().catch(() => undefined);
      return unserializableFrame(call.id, error);
    }
    // Before the pipeline goes on: it may block this thread, or change the buffer that it has yielded.
    if (!channel.flush()) await channel.flushed();
    return undefined;
  }

  async #interrupted(): Promise<Frame> {
    const { call, maxMessageBytes } = this.#options;
    const closed = this.#close();
    if (typeof this.#interruption === 'object') {
      // It is not waited for: what went wrong may be the reason why it would not end.
      closed.catch(() => undefined);
      throw this.#interruption.error;
    }
    await closed;
    return resultFrame(call.id, undefined, maxMessageBytes);
  }

  /** Lets the pipeline clean up, as a `for await` does that is left. */
  async #close(): Promise<void> {
    const { call, source } = this.#options;
    await withOrigin(call.view, () => source.return?.());
  }

  #interrupt(interruption: 'aborted' | { readonly error: unknown }): void {
    this.#interruption ??= interruption;
    this.#wake();
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
