import { Buffer } from 'node:buffer';

import { ProtocolError } from '../../errors.js';
import type { Frame } from '../frame.js';
import type { Span } from './layout.js';

/** Added to a frame's type: some of its buffers are in shared memory, and its last buffer tells where. */
const SHARED = 0x80;
/** Added to an answer's type: the memory of the call's arguments is still in use, and must never be lent again. */
const RETAINED = 0x40;

/** A buffer that crosses with its frame, or the place in shared memory where it is. */
export type Place = Uint8Array<ArrayBuffer> | Span;

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
  const table = Buffer.allocUnsafeSlow(places.length * ENTRY_BYTES);
  let end = 0;
  for (const place of places) {
    const { offset, length } = isSpan(place) ? place : INLINE;
    end = table.writeUInt32LE(length, table.writeUInt32LE(offset, end));
  }
  const { buffer, byteOffset, byteLength } = table;
  const buffers = [...places.filter(isInline), new Uint8Array(buffer, byteOffset, byteLength)];
  return { ...withBuffers(frame, buffers), type: frame.type | SHARED };
}

/**
 * Where the buffers of a frame are.
 * @returns `undefined` where they have all crossed with it.
 * @throws ProtocolError where its table does not fit it.
 */
export function readPlaces({ type, payload }: Frame): readonly Place[] | undefined {
  if ((type & SHARED) === 0) return undefined;
  const inline = payload.buffers.slice(0, -1);
  const table = payload.buffers.at(-1);
  if (table === undefined || table.byteLength % ENTRY_BYTES !== 0) {
    throw new ProtocolError('a frame does not tell where in shared memory its buffers are');
  }
  const entries = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  const places: Place[] = [];
  let next = 0;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const span = { offset: entries.readUInt32LE(at), length: entries.readUInt32LE(at + 4) };
    const place = span.offset === 0 ? inline[next++] : span;
    if (place === undefined) throw new ProtocolError('a frame names a buffer that it has not');
    places.push(place);
  }
  if (next !== inline.length) throw new ProtocolError('a frame has buffers that it does not name');
  return places;
}

export function retain(frame: Frame): Frame {
  return { ...frame, type: frame.type | RETAINED };
}

export function isRetained({ type }: Frame): boolean {
  return (type & RETAINED) !== 0;
}

/** The frame that its reader knows: of its own type, with all its buffers. */
export function withBuffers(frame: Frame, buffers: readonly Uint8Array<ArrayBuffer>[]): Frame {
  const { metadata } = frame.payload;
  return { ...frame, type: frame.type & ~(SHARED | RETAINED), payload: { metadata, buffers } };
}

const INLINE: Span = { offset: 0, length: 0 };
