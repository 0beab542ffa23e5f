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

/** Copies the contents of a frame, because the reader reuses its memory. */
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
  const reader = new FrameReader({
    maxMessageBytes,
    onFrame: (frame) => all.push(plain(frame)),
  });
  for (const chunk of chunks) reader.push(chunk);
  return all;
}

function* cut(stream: Buffer, places: readonly number[]): Generator<Buffer> {
  const sorted = [...places.map((place) => place % (stream.length + 1)), stream.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of sorted) {
    // Copy each chunk, so that chunks share no memory.
    yield Buffer.from(stream.subarray(from, to));
    from = to;
  }
}

test('reads the same frames however the stream is cut into chunks', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), (all, places) => {
      expect(read(cut(written(all), places))).toEqual(all.map(plain));
    }),
    { numRuns: 300 },
  );
});

test('reads frames that arrive byte by byte', () => {
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

test('reads random bytes as frames, or throws a ProtocolError', () => {
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

test('rejects a frame larger than maxMessageBytes at its header, before it allocates memory', () => {
  const head = Buffer.alloc(20);
  head.writeUInt8(18, 0);
  head.writeUInt32LE(2_000, 8);
  expect(() => read([head], 1_999)).toThrow(ProtocolError);
  expect(read([head], 2_000)).toEqual([]);
});

test('rejects buffers that together exceed maxMessageBytes', () => {
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

test('leaves the contents of a frame unchanged when it reads further frames', () => {
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
  const reader = new FrameReader({
    maxMessageBytes: Infinity,
    onFrame: (next) => taken.push(next),
  });
  reader.push(written(all));
  expect(taken.map(plain)).toEqual(all.map(plain));
});

test('gives each buffer separate memory of exactly its size', () => {
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

test('rejects a frame at its header if its seal differs from the first or the expected one', () => {
  const [first, second] = [1, 2].map((seal) => {
    const writer = new FrameWriter();
    writer.add({ type: 18, attempt: 0, id: 1, payload: { metadata: new Uint8Array(9), buffers: [] } }, seal);
    return Buffer.concat(writer.take().map(({ bytes }) => bytes));
  });
  if (first === undefined || second === undefined) throw new Error('the writer wrote no frame');
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

test('hands on no frame with foreign bytes in it', () => {
  const foreign = fc.uint8Array({ minLength: 1, maxLength: 100 });
  const sealed: Frame = {
    type: 18,
    attempt: 0,
    id: 1,
    payload: { metadata: new Uint8Array(0), buffers: [] },
  };
  fc.assert(
    fc.property(frames, foreign, fc.nat(), (all, intruder, place) => {
      const stream = written([sealed, ...all]);
      const at = place % stream.length;
      const taken: Plain[] = [];
      const reader = new FrameReader({
        maxMessageBytes: 1_000_000,
        onFrame: (frame) => taken.push(plain(frame)),
      });
      reader.push(stream.subarray(0, at));
      const before = taken.length;
      try {
        reader.push(Buffer.concat([intruder, stream.subarray(at)]));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
      expect(taken).toHaveLength(before);
    }),
    { numRuns: 1_000 },
  );
});
