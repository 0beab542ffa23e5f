import { clearTimeout, setTimeout } from 'node:timers';

import type { Channel } from '../channel/channel.js';
import type { Payload } from '../channel/frame.js';
import { ToBroker } from '../channel/messages.js';
import type { Allowance } from './allowance.js';
import { encodeBounded } from './answer.js';

/** A report that could not be sent is tried again after this time, in ms, unless a newer report comes before. */
const RETRY = 20;

export interface ProgressReporterOptions {
  readonly channel: Pick<Channel, 'send' | 'flush'>;
  /** Longest report that is sent, in bytes. */
  readonly maxMessageBytes: number;
  /** Limits the rate of reports. Above it, only the latest report waits. */
  readonly allowance: Allowance;
}

/** Sends the progress of one call, at a limited rate. */
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

  /** @throws {SerializationError} If the value cannot cross, or is too long. */
  report(value: unknown): void {
    this.#latest = encodeReport(value, this.#options.maxMessageBytes);
    this.#sendIfAllowed();
  }

  /** Sends the report that waits: the call is about to be answered. */
  end(): void {
    clearTimeout(this.#timer);
    this.#send();
  }

  #sendIfAllowed(): void {
    const { channel, allowance } = this.#options;
    // If the broker does not read now, reports must not pile up here.
    if (channel.flush() && allowance.take()) {
      this.#send();
      // At once, because the pipeline may block this thread until it has its result.
      channel.flush();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sendIfAllowed();
    }, RETRY).unref();
  }

  #send(): void {
    if (this.#latest === undefined) return;
    const { channel } = this.#options;
    channel.send({ type: ToBroker.Progress, id: this.#id, attempt: 0, payload: this.#latest });
    this.#latest = undefined;
  }
}

/** Copies the buffers, because the pipeline may change them afterwards. */
function encodeReport(value: unknown, maxMessageBytes: number): Payload {
  const { metadata, buffers } = encodeBounded(value, 'progress', maxMessageBytes);
  return { metadata, buffers: buffers.map((buffer) => buffer.slice()) };
}
