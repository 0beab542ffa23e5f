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
  const koffi = findKoffi();
  const memory = koffi && BrokerMemory.create({ size: SIZE, threshold: 64 * 1024, koffi, maxMessageBytes });
  if (!memory) throw new Error('these tests take Linux and koffi');
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

/** A table of where buffers are, as it stands before the metadata. */
function table(entries: readonly Entry[]): Uint8Array {
  const words = [entries.length, ...entries.flat()];
  const view = new DataView(new ArrayBuffer(words.length * 4));
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  return new Uint8Array(view.buffer);
}

/** A result as the child tells it, its buffers in these places. */
function told(entries: readonly Entry[], inline: readonly Uint8Array<ArrayBuffer>[] = [], id = 1): Frame {
  return frame(RESULT | SHARED, id, inline, Buffer.concat([table(entries), METADATA]));
}

/** Where the broker has put the buffers of a call. */
function placesOf({ payload }: Frame): Entry[] {
  const { buffer, byteLength } = Uint8Array.from(payload.metadata);
  const [count = 0, ...words] = new Uint32Array(buffer, 0, (byteLength - METADATA.length) / 4);
  return Array.from({ length: count }, (_, i) => [words[i * 2] ?? 0, words[i * 2 + 1] ?? 0]);
}

const INLINE: Entry = [0, 0];
const OUTBOX: Entry = [SIZE / 2, 100_000];

describe('places that the child cannot have are a violation of the protocol', () => {
  test.each<[string, Frame]>([
    ['beyond the end', told([[SIZE - 50, 100]])],
    ['far beyond the end', told([[2 ** 32 - 1, 2 ** 32 - 1]])],
    ['a length that leads beyond the end', told([[SIZE / 2, 2 ** 32 - 1]])],
    ["the broker's own part", told([[64, 100]])],
    ['the head', told([[1, 4]])],
    ['from the one part into the other', told([[SIZE / 2 - 8, 16]])],
    ['the same memory, over and over', told(Array.from({ length: 200 }, () => OUTBOX))],
    ['more than one message may have', told([[SIZE / 2, 17 * MIB]])],
    ['one good, one bad', told([OUTBOX, [SIZE, 1]])],
    ['a buffer that is not there', told([INLINE, OUTBOX])],
    ['a buffer that is not named', told([OUTBOX], [new Uint8Array(5)])],
    ['no table', frame(RESULT | SHARED, 1, [])],
    ['a table that ends early', frame(RESULT | SHARED, 1, [], table([OUTBOX]).subarray(0, -1))],
    ['a table of more than there can be', frame(RESULT | SHARED, 1, [], new Uint8Array(64).fill(255))],
  ])('%s', (_, forged) => {
    expect(() => sharedMemory().take(forged)).toThrow(ProtocolError);
  });

  test('arguments of another call, and of one that has ended', () => {
    const memory = sharedMemory();
    const own = placesOf(memory.place(frame(CALL, 1, [bytes(MIB)])));
    expect(() => memory.take(told(own, [], 2))).toThrow(ProtocolError);
    expect(memory.take(told(own)).payload.buffers).toEqual([bytes(MIB)]);
    memory.release(1);
    expect(() => memory.take(told(own))).toThrow(ProtocolError);
  });

  test('more than maxMessageBytes', () => {
    expect(() => sharedMemory(100_000).take(told([OUTBOX]))).toThrow(/maxMessageBytes \(100000\)/);
    expect(sharedMemory(100_003).take(told([OUTBOX])).payload.buffers).toEqual([new Uint8Array(100_000)]);
  });

  test('any memory before it is mapped, and mapping it twice', () => {
    const memory = makeMemory();
    expect(() => memory.take(told([OUTBOX]))).toThrow(ProtocolError);
    memory.share();
    expect(() => {
      memory.share();
    }).toThrow(ProtocolError);
  });
});

test('what the child tells of its own part is copied', () => {
  const inline = new Uint8Array([1, 2, 3]);
  const taken = sharedMemory().take(told([OUTBOX, INLINE, OUTBOX], [inline]));
  const copy = new Uint8Array(100_000);
  expect(taken).toEqual(frame(RESULT, 1, [copy, inline, copy]));
  const [first, , last] = taken.payload.buffers;
  expect(first?.buffer).not.toBe(last?.buffer);
  expect(first?.buffer.byteLength).toBe(100_000);
});

test('what the child retains of a call is never used again', () => {
  const memory = sharedMemory();
  const [[retained] = [0]] = placesOf(memory.place(frame(CALL, 1, [bytes(MIB)])));
  expect(memory.take(frame(RESULT | RETAINED, 1, [])).type).toBe(RESULT);
  memory.release(1);
  const [[next] = [0]] = placesOf(memory.place(frame(CALL, 2, [bytes(MIB)])));
  expect(next).toBeGreaterThanOrEqual(retained + MIB);
  expect(memory.stats?.used).toBe(2 * MIB);
});

test('once it is closed, nothing touches it', () => {
  const memory = sharedMemory();
  open.delete(memory);
  memory.place(frame(CALL, 1, [bytes(MIB)]));
  memory.close();
  memory.release(1);
  const call = frame(CALL, 2, [bytes(MIB)]);
  expect(memory.place(call)).toBe(call);
  expect(() => memory.take(told([OUTBOX]))).toThrow(ProtocolError);
});
