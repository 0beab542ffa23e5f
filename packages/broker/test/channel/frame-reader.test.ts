import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { Frame } from '../../src/channel/frame.js';
import { FrameReader } from '../../src/channel/frame-reader.js';
import { FrameWriter } from '../../src/channel/frame-writer.js';
import { ProtocolError } from '../../src/errors.js';

interface Plain {
  type: number;
  attempt: number;
  id: number;
  metadata: string;
  buffers: string[];
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 4_000, max: 9_000 }).map((length) => new Uint8Array(length).fill(length)),
);

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 1, max: 255 }),
    attempt: fc.integer({ min: 0, max: 0xffff }),
    id: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.record({ metadata: bytes, buffers: fc.array(bytes, { maxLength: 5 }) }),
  }),
  { maxLength: 8 },
);

const SEAL = 0xfeed_beef;

const text = (part: Uint8Array): string => Buffer.from(part).toString('base64');

/** What stands in a frame, copied out of memory that may be used again. */
function plain({ type, attempt, id, payload }: Frame): Plain {
  const { metadata, buffers } = payload;
  return { type, attempt, id, metadata: text(metadata), buffers: buffers.map(text) };
}

function written(all: readonly Frame[]): Buffer {
  const writer = new FrameWriter();
  for (const frame of all) writer.add(frame, SEAL);
  return Buffer.concat(writer.take().map((piece) => piece.bytes));
}

function read(chunks: Iterable<Buffer>, maxMessageBytes = Infinity): Plain[] {
  const all: Plain[] = [];
  const reader = new FrameReader({ maxMessageBytes, onFrame: (frame) => all.push(plain(frame)) });
  for (const chunk of chunks) reader.push(chunk);
  return all;
}

function* cut(stream: Buffer, places: readonly number[]): Generator<Buffer> {
  const sorted = [...places.map((place) => place % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of sorted) {
    // Chunks of their own, as the kernel gives them.
    yield Buffer.from(stream.subarray(from, to));
    from = to;
  }
}

test('any chunking of a stream of frames gives the same frames', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (all, places) => {
      expect(read(cut(written(all), places))).toEqual(all.map(plain));
    }),
    { numRuns: 300 },
  );
});

test('byte by byte too', () => {
  const all = [
    {
      type: 18,
      attempt: 2,
      id: 7,
      payload: { metadata: Uint8Array.of(1, 2), buffers: [new Uint8Array(5), new Uint8Array(0)] },
    },
    { type: 20, attempt: 0, id: 8, payload: { metadata: new Uint8Array(0), buffers: [] } },
  ];
  const stream = written(all);
  expect(read(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(all.map(plain));
});

test('random bytes give frames or a ProtocolError, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
      try {
        read(
          chunks.map((chunk) => Buffer.from(chunk)),
          100_000,
        );
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a frame over maxMessageBytes is refused at its head, before any memory is taken for it', () => {
  const head = Buffer.alloc(20);
  head.writeUInt8(18, 0);
  head.writeUInt32LE(2_000, 8);
  expect(() => read([head], 1_999)).toThrow(ProtocolError);
  expect(read([head], 2_000)).toEqual([]);
});

test('buffers that together are over maxMessageBytes are refused', () => {
  const stream = written([
    {
      type: 18,
      attempt: 0,
      id: 1,
      payload: { metadata: new Uint8Array(1), buffers: [new Uint8Array(600), new Uint8Array(600)] },
    },
  ]);
  expect(() => read([stream], 1_000)).toThrow(/maxMessageBytes \(1000\)/);
});

test('what a frame holds stays as it is, whatever is read after it', () => {
  const frame = (fill: number): Frame => ({
    type: 18,
    attempt: 0,
    id: fill,
    payload: {
      metadata: new Uint8Array(3_000).fill(fill),
      buffers: [new Uint8Array(30_000).fill(fill), new Uint8Array(100).fill(fill)],
    },
  });
  const all = Array.from({ length: 100 }, (_, i) => frame(i));
  const taken: Frame[] = [];
  const reader = new FrameReader({ maxMessageBytes: Infinity, onFrame: (next) => taken.push(next) });
  reader.push(written(all));
  expect(taken.map(plain)).toEqual(all.map(plain));
});

test('each buffer has memory of its own, of exactly its size', () => {
  const buffers = [new Uint8Array(3).fill(1), new Uint8Array(70_000).fill(2)];
  const stream = written([
    { type: 18, attempt: 0, id: 1, payload: { metadata: new Uint8Array(9), buffers } },
  ]);
  const lengths: number[] = [];
  const reader = new FrameReader({
    maxMessageBytes: Infinity,
    onFrame: ({ payload }) => lengths.push(...payload.buffers.map(({ buffer }) => buffer.byteLength)),
  });
  for (const chunk of cut(stream, [10, 40_000])) reader.push(chunk);
  expect(lengths).toEqual([3, 70_000]);
});

test('a frame with another seal than the first one, or than the one wanted, is refused at its head', () => {
  const [first, second] = [1, 2].map((seal) => {
    const writer = new FrameWriter();
    writer.add({ type: 18, attempt: 0, id: 1, payload: { metadata: new Uint8Array(9), buffers: [] } }, seal);
    return Buffer.concat(writer.take().map(({ bytes }) => bytes));
  });
  if (first === undefined || second === undefined) throw new Error('nothing was written');
  const taken: Frame[] = [];
  const options = { maxMessageBytes: Infinity, onFrame: (frame: Frame) => taken.push(frame) };
  const reader = new FrameReader(options);
  reader.push(first);
  expect(reader.seal).toBe(1);
  expect(() => {
    reader.push(second.subarray(0, 20));
  }).toThrow(ProtocolError);
  expect(() => {
    new FrameReader({ ...options, seal: 2 }).push(first.subarray(0, 20));
  }).toThrow(ProtocolError);
  expect(taken).toHaveLength(1);
});
