import { clearTimeout, setTimeout } from 'node:timers';

import type { Channel } from '../channel/channel.js';
import type { Payload } from '../channel/frame.js';
import { ToBroker } from '../channel/messages.js';
import type { Allowance } from './allowance.js';
import { encodeBounded } from './answer.js';

/** What could not be sent is tried again after so many ms, unless the pipeline reports something before. */
const RETRY = 20;

export interface ProgressReporterOptions {
  readonly channel: Pick<Channel, 'send' | 'flush'>;
  /** Longest report that is sent. */
  readonly maxMessageBytes: number;
  /** How many reports are sent; of those above it, the latest waits. */
  readonly allowance: Allowance;
}

/** Sends what one call reports of its progress, though never more than the broker can do with. */
export class ProgressReporter {
  readonly #id: number;
  readonly #options: ProgressReporterOptions;
  #latest: Payload | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param id Of the call. */
  constructor(id: number, options: ProgressReporterOptions) {
    this.#id = id;
    this.#options = options;
  }

  /** @throws SerializationError */
  report(value: unknown): void {
    this.#latest = encodeReport(value, this.#options.maxMessageBytes);
    this.#sendWhereAllowed();
  }

  /** Sends what has not been sent yet: the call is about to be answered. */
  end(): void {
    clearTimeout(this.#timer);
    this.#send();
  }

  #sendWhereAllowed(): void {
    const { channel, allowance } = this.#options;
    // Where the broker does not read at the moment, reports must not pile up here.
    if (channel.flush() && allowance.take()) {
      this.#send();
      // At once: the pipeline may block this thread from here to its result.
      channel.flush();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sendWhereAllowed();
    }, RETRY).unref();
  }

  #send(): void {
    if (this.#latest === undefined) return;
    const { channel } = this.#options;
    channel.send({ type: ToBroker.Progress, id: this.#id, attempt: 0, payload: this.#latest });
    this.#latest = undefined;
  }
}

/** The value as it is now: the pipeline may go on to change its buffers. */
function encodeReport(value: unknown, maxMessageBytes: number): Payload {
  const { metadata, buffers } = encodeBounded(value, 'progress', maxMessageBytes);
  return { metadata, buffers: buffers.map((buffer) => buffer.slice()) };
}
