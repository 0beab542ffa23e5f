import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, test } from '@jest/globals';

import type { Frame } from '../../../src/channel/frame.js';
import { BrokerMemory } from '../../../src/channel/shared/broker-memory.js';
import { findKoffi } from '../../../src/channel/shared/system.js';
import { ProtocolError } from '../../../src/errors.js';
import { bytes } from '../../support/shared-memory.js';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
const CALL = 2;
const RESULT = 18;
const SHARED = 0x80;
const RETAINED = 0x40;
const METADATA = new Uint8Array(3);

const open = new Set<BrokerMemory>();

afterEach(() => {
  for (const memory of open) memory.close();
  open.clear();
});

function makeMemory(maxMessageBytes = Infinity): BrokerMemory {
  const koffi = findKoffi(fileURLToPath(import.meta.url));
  const memory = koffi && BrokerMemory.create({ size: SIZE, threshold: 64 * 1024, koffi, maxMessageBytes });
  if (!memory) throw new Error('these tests need Linux and koffi: run `pnpm install` on Linux');
  open.add(memory);
  memory.inherited();
  return memory;
}

function sharedMemory(maxMessageBytes?: number): BrokerMemory {
  const memory = makeMemory(maxMessageBytes);
  memory.share();
  return memory;
}

function frame(
  type: number,
  id: number,
  buffers: readonly Uint8Array<ArrayBuffer>[],
  metadata: Uint8Array = METADATA,
): Frame {
  return { type, id, attempt: 0, payload: { metadata, buffers } };
}

type Entry = readonly [offset: number, length: number];

/** The table of the places of buffers, which precedes the metadata. */
function table(entries: readonly Entry[]): Uint8Array {
  const words = [entries.length, ...entries.flat()];
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return new Uint8Array(view.buffer);
}

/** A result frame of the child, with its buffers in these places. */
function told(entries: readonly Entry[], inline: readonly Uint8Array<ArrayBuffer>[] = [], id = 1): Frame {
  return frame(RESULT | SHARED, id, inline, Buffer.concat([table(entries), METADATA]));
}

/** The places into which the broker has put the buffers of a call. */
function placesOf({ payload }: Frame): Entry[] {
  const { buffer, byteLength } = Uint8Array.from(payload.metadata);
  const [count = 0, ...words] = new Uint32Array(buffer, 0, (byteLength - METADATA.length) / 4);
  return Array.from({ length: count }, (_, i) => [words[i * 2] ?? 0, words[i * 2 + 1] ?? 0]);
}

const INLINE: Entry = [0, 0];
const OUTBOX: Entry = [SIZE / 2, 100_000];

describe('the broker throws a ProtocolError for a place that is', () => {
  test.each<[string, Frame]>([
    ['beyond the end', told([[SIZE - 50, 100]])],
    ['far beyond the end', told([[2 ** 32 - 1, 2 ** 32 - 1]])],
    ['so long that it exceeds the end', told([[SIZE / 2, 2 ** 32 - 1]])],
    ["in the broker's own part", told([[64, 100]])],
    ['in the header', told([[1, 4]])],
    ['in both parts', told([[SIZE / 2 - 8, 16]])],
    ['the same for too many buffers', told(Array.from({ length: 200 }, () => OUTBOX))],
    ['larger than a message may be', told([[SIZE / 2, 17 * MIB]])],
    ['invalid after a valid one', told([OUTBOX, [SIZE, 1]])],
    ['inline, but its buffer is missing', told([INLINE, OUTBOX])],
    ['missing for an inline buffer', told([OUTBOX], [new Uint8Array(5)])],
    ['in a frame without a table', frame(RESULT | SHARED, 1, [])],
    ['in a table that ends early', frame(RESULT | SHARED, 1, [], table([OUTBOX]).subarray(0, -1))],
    ['in a table that is too long', frame(RESULT | SHARED, 1, [], new Uint8Array(64).fill(255))],
  ])('%s', (_, forged) => {
    expect(() => sharedMemory().take(forged)).toThrow(ProtocolError);
  });

  test('in the arguments of another call, or of a call that has ended', () => {
    const memory = sharedMemory();
    const own = placesOf(memory.place(frame(CALL, 1, [bytes(MIB)])));
    expect(() => memory.take(told(own, [], 2))).toThrow(ProtocolError);
    expect(memory.take(told(own)).payload.buffers).toEqual([bytes(MIB)]);
    memory.release(1);
    expect(() => memory.take(told(own))).toThrow(ProtocolError);
  });

  test('larger than maxMessageBytes', () => {
    expect(() => sharedMemory(100_000).take(told([OUTBOX]))).toThrow(/maxMessageBytes \(100000\)/);
    expect(sharedMemory(100_003).take(told([OUTBOX])).payload.buffers).toEqual([new Uint8Array(100_000)]);
  });

  test('named before the child has mapped the memory, or if the child maps it twice', () => {
    const memory = makeMemory();
    expect(() => memory.take(told([OUTBOX]))).toThrow(ProtocolError);
    memory.share();
    expect(() => {
      memory.share();
    }).toThrow(ProtocolError);
  });
});

test("copies buffers out of the child's part", () => {
  const inline = new Uint8Array([1, 2, 3]);
  const taken = sharedMemory().take(told([OUTBOX, INLINE, OUTBOX], [inline]));
  const copy = new Uint8Array(100_000);
  expect(taken).toEqual(frame(RESULT, 1, [copy, inline, copy]));
  const [first, , last] = taken.payload.buffers;
  expect(first?.buffer).not.toBe(last?.buffer);
  expect(first?.buffer.byteLength).toBe(100_000);
});

test('never reuses memory that the child retains of a call', () => {
  const memory = sharedMemory();
  const [[retained] = [0]] = placesOf(memory.place(frame(CALL, 1, [bytes(MIB)])));
  expect(memory.take(frame(RESULT | RETAINED, 1, [])).type).toBe(RESULT);
  memory.release(1);
  const [[next] = [0]] = placesOf(memory.place(frame(CALL, 2, [bytes(MIB)])));
  expect(next).toBeGreaterThanOrEqual(retained + MIB);
  expect(memory.stats?.used).toBe(2 * MIB);
});

test('does not touch the memory once it is closed', () => {
  const memory = sharedMemory();
  open.delete(memory);
  memory.place(frame(CALL, 1, [bytes(MIB)]));
  memory.close();
  memory.release(1);
  const call = frame(CALL, 2, [bytes(MIB)]);
  expect(memory.place(call)).toBe(call);
  expect(() => memory.take(told([OUTBOX]))).toThrow(ProtocolError);
});
