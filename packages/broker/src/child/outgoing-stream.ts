import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

import type { Channel } from '../channel/channel.js';
import { type Frame, type Payload, payloadBytes } from '../channel/frame.js';
import { isCopied } from '../channel/frame-writer.js';
import { ToBroker } from '../channel/messages.js';
import { Window } from '../channel/window.js';
import { SerializationError } from '../errors.js';
import { Allowance } from './allowance.js';
import { encodeBounded, resultFrame, thrownFrame, unserializableFrame } from './answer.js';
import type { ChunkSource } from './chunk-source.js';
import { withOrigin } from './context.js';
import type { RunningCall } from './running-call.js';
import { isThenable } from './thenable.js';

/** After this many ms of computing, the event loop gets a turn: it reads aborts and credits. */
const TURN = 1;
/** How many writes a stream makes for one chunk alone: in a row, and then one every so many ms. */
const WRITES = { burst: 1_000, interval: 0.05 };

export interface OutgoingStreamOptions {
  readonly call: RunningCall;
  readonly source: ChunkSource;
  readonly channel: Pick<Channel, 'hold' | 'flush' | 'flushed'>;
  /** Longest chunk that is sent. */
  readonly maxMessageBytes: number;
}

/** Sends what a method yields, no faster than it is read. */
export class OutgoingStream {
  readonly #options: OutgoingStreamOptions;
  readonly #window = new Window();
  readonly #writes = new Allowance(WRITES);
  /** Set once no further chunk is wanted: the source cleans up. */
  #closing: Promise<void> | undefined;
  /** Set while chunks are held back: sends them as soon as the pipeline waits for something. */
  #held: NodeJS.Immediate | undefined;
  /** Ends the waiting for the reader. */
  #wake: () => void = () => undefined;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
  }

  /** The reader has taken so many chunks more. */
  credit(chunks: number): void {
    this.#window.release(chunks);
    this.#wake();
  }

  /** No further chunk is wanted. */
  stop(): void {
    this.#closing ??= this.#close();
    this.#wake();
  }

  /** @returns The answer of the call. */
  async run(): Promise<Frame> {
    const { call, maxMessageBytes } = this.#options;
    const { signal } = call.view;
    if (signal.aborted) this.stop();
    signal.addEventListener('abort', () => {
      this.stop();
    });
    try {
      return await withOrigin(call.view, () => this.#pump());
    } catch (error) {
      return thrownFrame(call.id, error, maxMessageBytes);
    }
  }

  /** Runs as part of the call, as all that the source does. */
  async #pump(): Promise<Frame> {
    const { call, source, channel, maxMessageBytes } = this.#options;
    let turn = performance.now();
    for (;;) {
      while (this.#window.isFull() && !this.#stopped()) await this.#woken();
      if (this.#stopped()) break;
      const next = source.next();
      // Only where there is something to wait for: to do so costs more than to send a chunk.
      const step = isThenable(next) ? await next : next;
      if (step.done === true) break;
      if (this.#stopped()) continue;
      const chunk = this.#encode(step.value);
      if (chunk instanceof SerializationError) {
        this.stop();
        await this.#closing;
        return unserializableFrame(call.id, chunk);
      }
      if (!this.#send(chunk)) await channel.flushed();
      if (performance.now() - turn < TURN) continue;
      await turnOfTheLoop();
      turn = performance.now();
    }
    await this.#closing;
    // What a generator returns is for those who read it within the pipeline.
    return resultFrame(call.id, undefined, maxMessageBytes);
  }

  #encode(chunk: unknown): Payload | SerializationError {
    try {
      return encodeBounded(chunk, 'chunk', this.#options.maxMessageBytes);
    } catch (error) {
      if (error instanceof SerializationError) return error;
      throw error;
    }
  }

  /**
   * A chunk leaves before the pipeline goes on, since that may block this thread, or change the buffer that it has
   * yielded; only of a flood of small ones are some held back, to leave together.
   * @returns Whether the pipeline may go on at once.
   */
  #send(payload: Payload): boolean {
    const { call, channel } = this.#options;
    this.#window.add(payloadBytes(payload));
    channel.hold({ type: ToBroker.Chunk, id: call.id, attempt: 0, payload });
    if (!isCopied(payload) || this.#writes.take()) return channel.flush();
    this.#held ??= setImmediate(() => {
      this.#held = undefined;
      channel.flush();
    });
    return true;
  }

  /** Lets the pipeline clean up, as a `for await` does that is left. What it throws then is of no interest any more. */
  async #close(): Promise<void> {
    const { call, source } = this.#options;
    try {
      await withOrigin(call.view, () => source.return?.());
    } catch {
      // The stream has ended for another reason.
    }
  }

  #stopped(): boolean {
    return this.#closing !== undefined;
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
