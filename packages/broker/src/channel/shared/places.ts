import { Buffer } from 'node:buffer';

import { ProtocolError } from '../../errors.js';
import type { Frame } from '../frame.js';
import type { Span } from './layout.js';

/** Added to a frame's type: some of its buffers are in shared memory, and its metadata begins with their places. */
const SHARED = 0x80;
/** Added to an answer's type: the pipeline keeps the memory of the call's arguments, so it must never be lent again. */
const RETAINED = 0x40;

/** A buffer that goes through the pipe with its frame, or its place in shared memory. */
export type Place = Uint8Array<ArrayBuffer> | Span;

/** Length of the table's head, in bytes: a u32, the number of buffers. */
const COUNT_BYTES = 4;
/** Length of an entry, in bytes: two u32, offset and length. Both are 0 for a buffer that goes with its frame. */
const ENTRY_BYTES = 8;

export function isInline(place: Place): place is Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(place);
}

export function isSpan(place: Place): place is Span {
  return !isInline(place);
}

/** The frame on the wire, with its buffers in these places. */
export function writePlaces(frame: Frame, places: readonly Place[]): Frame {
  const { metadata } = frame.payload;
  // The table precedes the metadata. As a buffer of its own it would cost more than the rest of a small frame.
  const bytes = Buffer.allocUnsafe(COUNT_BYTES + places.length * ENTRY_BYTES + metadata.byteLength);
  let end = bytes.writeUInt32LE(places.length, 0);
  for (const place of places) {
    const { offset, length } = isSpan(place) ? place : INLINE;
    end = bytes.writeUInt32LE(length, bytes.writeUInt32LE(offset, end));
  }
  bytes.set(metadata, end);
  return {
    ...frame,
    type: frame.type | SHARED,
    payload: { metadata: bytes, buffers: places.filter(isInline) },
  };
}

/** The metadata of a frame, and the places of its buffers. */
export interface Told {
  readonly places: readonly Place[];
  readonly metadata: Uint8Array;
}

/**
 * Reads the places of a frame's buffers.
 * @returns `undefined` if all buffers came with the frame.
 * @throws {ProtocolError} If the table does not fit the frame.
 */
export function readPlaces({ type, payload }: Frame): Told | undefined {
  if ((type & SHARED) === 0) return undefined;
  const { buffers: inline, metadata } = payload;
  const { buffer, byteOffset, byteLength } = metadata;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const end = byteLength < COUNT_BYTES ? Infinity : COUNT_BYTES + bytes.readUInt32LE(0) * ENTRY_BYTES;
  if (end > byteLength)
    throw new ProtocolError('a frame does not say where in shared memory its buffers are');
  const places: Place[] = [];
  let next = 0;
  for (let at = COUNT_BYTES; at < end; at += ENTRY_BYTES) {
    const span = { offset: bytes.readUInt32LE(at), length: bytes.readUInt32LE(at + 4) };
    const place = span.offset === 0 ? inline[next++] : span;
    if (place === undefined) throw new ProtocolError('a frame refers to a buffer that it does not have');
    places.push(place);
  }
  if (next !== inline.length) throw new ProtocolError('a frame has buffers that its table does not contain');
  return { places, metadata: metadata.subarray(end) };
}

export function retain(frame: Frame): Frame {
  return { ...frame, type: frame.type | RETAINED };
}

export function isRetained({ type }: Frame): boolean {
  return (type & RETAINED) !== 0;
}

/** The frame as its reader expects it: its plain type and all of its buffers. */
export function withBuffers(
  frame: Frame,
  buffers: readonly Uint8Array<ArrayBuffer>[],
  metadata = frame.payload.metadata,
): Frame {
  return { ...frame, type: frame.type & ~(SHARED | RETAINED), payload: { metadata, buffers } };
}

const INLINE: Span = { offset: 0, length: 0 };
