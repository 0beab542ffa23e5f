import type { IncomingMessage, ServerResponse } from 'node:http';

import Negotiator from 'negotiator';

import { EVENT_STREAM_HEADERS, EventStream, type EventStreamOptions } from '../answer/event-stream.js';
import { writePart } from '../answer/slow-reader.js';
import { Problem } from '../problems/problem.js';

/** Writes the parts of a streamed answer. Each method resolves when the reader has room for more. */
interface PartWriter {
  /** Writes a chunk, as JSON. */
  chunk(json: string): Promise<void>;
  /** Writes why no more chunks come, as JSON, and ends. */
  fail(json: string): Promise<void>;
  /** All chunks were written. */
  end(): Promise<void>;
}

/** A format of a streamed answer. */
export interface StreamFormat {
  /** The headers of its answers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sends the headers. */
  readonly open: (res: ServerResponse, options: EventStreamOptions) => PartWriter;
}

const EVENTS: StreamFormat = {
  headers: EVENT_STREAM_HEADERS,
  open: (res, options) => {
    const events = new EventStream(res, options);
    return {
      chunk: (json) => events.send({ data: json }),
      fail: async (json) => {
        await events.send({ event: 'error', data: json });
        events.end();
      },
      // Without it a browser would take the end for a lost connection, and ask again.
      end: async () => {
        await events.send({ event: 'end', data: '{}' });
        events.end();
      },
    };
  },
};

const LINES: StreamFormat = {
  headers: { ...EVENT_STREAM_HEADERS, 'content-type': 'application/x-ndjson; charset=utf-8' },
  open: (res, { patience }) => {
    res.writeHead(200, LINES.headers);
    return {
      chunk: (json) => writePart(res, `${json}\n`, patience),
      fail: async (json) => {
        await writePart(res, `{"error":${json}}\n`, patience);
        res.end();
      },
      end: () => {
        res.end();
        return Promise.resolve();
      },
    };
  },
};

const FORMATS: Readonly<Record<string, StreamFormat>> = {
  'application/x-ndjson': LINES,
  'application/ndjson': LINES,
  'application/jsonl': LINES,
  'text/event-stream': EVENTS,
};

/** The media types that a stream can have. */
export const STREAM_TYPES = ['application/x-ndjson', 'text/event-stream'] as const;

/**
 * The format that the header `Accept` asks for: NDJSON if it does not say.
 * @throws {Problem} If it is neither (406).
 */
export function streamFormat(req: IncomingMessage): StreamFormat {
  const type = new Negotiator(req).mediaType(Object.keys(FORMATS));
  const format = type === undefined ? undefined : FORMATS[type];
  if (format !== undefined) return format;
  throw new Problem({
    status: 406,
    code: 'ERR_ACCEPT',
    detail: `The answer can be ${STREAM_TYPES.join(' or ')}. Send one of them in Accept.`,
  });
}
