import type { ServerResponse } from 'node:http';

import { writePart } from './slow-reader.js';

/** One event. */
export interface ServerEvent {
  /**
   * Its type.
   * @default 'message', as browsers call it
   */
  readonly event?: string;
  /** The client sends it as `Last-Event-ID` if it connects again. */
  readonly id?: number;
  /** JSON, so it has no line breaks. */
  readonly data: string;
}

/** Bounds of an event stream. */
export interface EventStreamOptions {
  /**
   * Time between two comments that keep the connection alive while nothing happens, in ms. Proxies usually cut a connection
   * after 30 to 60 s of silence.
   * @default 15_000
   */
  heartbeat?: number | undefined;
  /**
   * A reader that takes nothing for this time is cut off, in ms.
   * @default 30_000
   */
  patience?: number | undefined;
}

/** The headers of an event stream. Without the last one, nginx would hold the events back. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** An answer of server-sent events, as the HTML standard defines them. */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #patience: number | undefined;
  readonly #heartbeat: NodeJS.Timeout;

  /** @param res Its headers are sent at once. */
  constructor(res: ServerResponse, { heartbeat = 15_000, patience }: EventStreamOptions) {
    this.#res = res;
    this.#patience = patience;
    res.writeHead(200, EVENT_STREAM_HEADERS);
    res.flushHeaders();
    this.#heartbeat = setInterval(() => {
      // A reader that is behind gets no more bytes to be behind of.
      if (!res.writableNeedDrain && !res.writableEnded) res.write(':\n\n');
    }, heartbeat).unref();
    res.once('close', () => {
      clearInterval(this.#heartbeat);
    });
  }

  /**
   * Resolves when the reader has room for the next event.
   * @throws {ClientGone} If the reader is gone.
   */
  async send({ event, id, data }: ServerEvent): Promise<void> {
    const fields = [
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(event === undefined ? [] : [`event: ${event}`]),
      `data: ${data}`,
    ];
    this.#heartbeat.refresh();
    await writePart(this.#res, `${fields.join('\n')}\n\n`, this.#patience);
  }

  /** The last event was sent. */
  end(): void {
    clearInterval(this.#heartbeat);
    this.#res.end();
  }
}
