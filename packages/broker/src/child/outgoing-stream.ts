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

/** After this time of computing, in ms, the event loop gets a turn, to read aborts and credits. */
const TURN = 1;
/** Token bucket of writes for a single small chunk: at once, and then one per interval, in ms. */
const WRITES = { burst: 1_000, interval: 0.05 };

export interface OutgoingStreamOptions {
  readonly call: RunningCall;
  readonly source: ChunkSource;
  readonly channel: Pick<Channel, 'hold' | 'flush' | 'flushed'>;
  /** Longest chunk that is sent, in bytes. */
  readonly maxMessageBytes: number;
}

/** Sends the chunks that a method yields, with backpressure. */
export class OutgoingStream {
  readonly #options: OutgoingStreamOptions;
  readonly #window = new Window();
  readonly #writes = new Allowance(WRITES);
  /** Set when no further chunk is wanted. Resolves when the source has cleaned up. */
  #closing: Promise<void> | undefined;
  /** Set while chunks are held back. Sends them as soon as the pipeline awaits something. */
  #held: NodeJS.Immediate | undefined;
  /** Ends the wait for the reader. */
  #wake: () => void = () => undefined;

  constructor(options: OutgoingStreamOptions) {
    this.#options = options;
  }

  /** The reader has taken `chunks` more. */
  credit(chunks: number): void {
    this.#window.release(chunks);
    this.#wake();
  }

  /** No further chunk is wanted. */
  stop(): void {
    this.#closing ??= this.#close();
    this.#wake();
  }

  /**
   * @returns Encodes the answer to the call. What was thrown may refer to memory that the pipeline goes on to use, so its
   * frame must be sent at once.
   */
  async run(): Promise<() => Frame> {
    const { call, maxMessageBytes } = this.#options;
    const { signal } = call;
    if (signal.aborted) this.stop();
    signal.addEventListener('abort', () => {
      this.stop();
    });
    try {
      return await withOrigin(call, () => this.#pump());
    } catch (error) {
      return () => thrownFrame(call.id, error, maxMessageBytes);
    }
  }

  /** Runs in the async context of the call, like the source itself. */
  async #pump(): Promise<() => Frame> {
    const { call, source, channel, maxMessageBytes } = this.#options;
    let turn = performance.now();
    for (;;) {
      while (this.#window.isFull() && !this.#stopped()) {
        const since = performance.now();
        await this.#woken();
        call.postpone(performance.now() - since);
      }
      if (this.#stopped()) break;
      const next = source.next();
      // Only if it is a promise: an await costs more than sending a chunk.
      const step = isThenable(next) ? await next : next;
      if (step.done === true) break;
      if (call.cancelled) this.stop();
      if (this.#stopped()) continue;
      const chunk = this.#encode(step.value);
      if (chunk instanceof SerializationError) {
        this.stop();
        await this.#closing;
        return () => unserializableFrame(call.id, chunk);
      }
      if (!this.#send(chunk)) await channel.flushed();
      if (performance.now() - turn < TURN) continue;
      await turnOfTheLoop();
      turn = performance.now();
    }
    await this.#closing;
    // The return value of a generator is dropped, as `for await` does.
    return () => resultFrame(call.id, undefined, maxMessageBytes);
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
   * A chunk leaves before the pipeline goes on, because the pipeline may block this thread, or change the yielded buffer.
   * Only in a flood of small chunks, which are copied, some are held back to leave together.
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

  /** Lets the source clean up, as leaving a `for await` does. */
  async #close(): Promise<void> {
    const { call, source } = this.#options;
    try {
      await withOrigin(call, () => source.return?.());
    } catch {
      // The stream has already ended for another reason, which is the one to report.
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
