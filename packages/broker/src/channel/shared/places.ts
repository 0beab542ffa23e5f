import { Buffer } from 'node:buffer';

import { ProtocolError } from '../../errors.js';
import type { Frame } from '../frame.js';
import type { Span } from './layout.js';

/** Added to a frame's type: some of its buffers are in shared memory, and its metadata begins with where. */
const SHARED = 0x80;
/** Added to an answer's type: the memory of the call's arguments is still in use, and must never be lent again. */
const RETAINED = 0x40;

/** A buffer that crosses with its frame, or the place in shared memory where it is. */
export type Place = Uint8Array<ArrayBuffer> | Span;

/** Number of buffers, u32. */
const COUNT_BYTES = 4;
/** Two u32: offset and length. Those of a buffer that crosses with its frame are 0. */
const ENTRY_BYTES = 8;

export function isInline(place: Place): place is Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(place);
}

export function isSpan(place: Place): place is Span {
  return !isInline(place);
}

/** The frame as it crosses, its buffers in these places. */
export function writePlaces(frame: Frame, places: readonly Place[]): Frame {
  const { metadata } = frame.payload;
  // The table stands before the metadata: a buffer of its own would cost both ends more than all the rest of it.
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

/** What a frame tells, and where its buffers are. */
export interface Told {
  readonly places: readonly Place[];
  readonly metadata: Uint8Array;
}

/**
 * Where the buffers of a frame are.
 * @returns `undefined` where they have all crossed with it.
 * @throws ProtocolError where its table does not fit it.
 */
export function readPlaces({ type, payload }: Frame): Told | undefined {
  if ((type & SHARED) === 0) return undefined;
  const { buffers: inline, metadata } = payload;
  const { buffer, byteOffset, byteLength } = metadata;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const end = byteLength < COUNT_BYTES ? Infinity : COUNT_BYTES + bytes.readUInt32LE(0) * ENTRY_BYTES;
  if (end > byteLength)
    throw new ProtocolError('a frame does not tell where in shared memory its buffers are');
  const places: Place[] = [];
  let next = 0;
  for (let at = COUNT_BYTES; at < end; at += ENTRY_BYTES) {
    const span = { offset: bytes.readUInt32LE(at), length: bytes.readUInt32LE(at + 4) };
    const place = span.offset === 0 ? inline[next++] : span;
    if (place === undefined) throw new ProtocolError('a frame names a buffer that it has not');
    places.push(place);
  }
  if (next !== inline.length) throw new ProtocolError('a frame has buffers that it does not name');
  return { places, metadata: metadata.subarray(end) };
}

export function retain(frame: Frame): Frame {
  return { ...frame, type: frame.type | RETAINED };
}

export function isRetained({ type }: Frame): boolean {
  return (type & RETAINED) !== 0;
}

/** The frame that its reader knows: of its own type, with all its buffers. */
export function withBuffers(
  frame: Frame,
  buffers: readonly Uint8Array<ArrayBuffer>[],
  metadata = frame.payload.metadata,
): Frame {
  return { ...frame, type: frame.type & ~(SHARED | RETAINED), payload: { metadata, buffers } };
}

const INLINE: Span = { offset: 0, length: 0 };
