import { Buffer } from 'node:buffer';

/**
 * The unit of the channel. On the wire, all numbers little-endian:
 *
 * | offset | type | meaning |
 * | --- | --- | --- |
 * | 0 | u8 | type of the message, see `messages.ts` |
 * | 1 | u8 | 0 |
 * | 2 | u16 | attempt: how often the call has run before, at most 65,535 |
 * | 4 | u32 | id of the call, 0 if the message is about no call |
 * | 8 | u32 | m, bytes of metadata |
 * | 12 | u32 | n, number of buffers |
 * | 16 | u32 | seal: a random number, the same in all frames of a channel |
 * | 20 | u32 × n | length of each buffer, in bytes |
 * | 20 + 4n | m bytes | metadata: one value, see `values/codec.ts` |
 * | 20 + 4n + m | – | the buffers, one after the other |
 * | then | u32 | the seal again. Other code could write to the same pipe while the frame leaves |
 */
export interface Frame {
  readonly type: number;
  readonly attempt: number;
  readonly id: number;
  readonly payload: Payload;
}

/** A value on the wire: metadata, and the raw bytes of its buffers out of band. */
export interface Payload {
  readonly metadata: Uint8Array;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
}

/** The buffers of a value that has none. */
export const NO_BUFFERS: Payload['buffers'] = [];

export const HEADER_BYTES = 20;
export const LENGTH_BYTES = 4;
/** Length of the seal at the end of a frame, in bytes. */
export const SEAL_BYTES = 4;
/** Longest part of a frame, in bytes: lengths are u32. */
export const MAX_PART_BYTES = 2 ** 32 - 1;

/** Most buffers of one frame. Each costs time and memory, even an empty one. */
export const MAX_BUFFERS = 2 ** 20;

/** Length of the payload on the wire, in bytes. */
export function payloadBytes(payload: Payload): number {
  let bytes = payload.metadata.byteLength;
  for (const buffer of payload.buffers) bytes += LENGTH_BYTES + buffer.byteLength;
  return bytes;
}

/** Length of a frame before its buffers, in bytes. */
export function frameHeadBytes({ metadata, buffers }: Payload): number {
  return HEADER_BYTES + LENGTH_BYTES * buffers.length + metadata.byteLength;
}

/** Memory for frames. A DataView reads and writes numbers faster than a Buffer does. */
export interface Slab {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

export function newSlab(length: number): Slab {
  const bytes = Buffer.allocUnsafeSlow(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Writes the part of a frame before its buffers. @returns The offset of its end. */
export function writeFrameHead(frame: Frame, seal: number, { bytes, view }: Slab, start: number): number {
  const { type, attempt, id, payload } = frame;
  const { metadata, buffers } = payload;
  view.setUint8(start, type);
  view.setUint8(start + 1, 0);
  view.setUint16(start + 2, Math.min(attempt, 0xffff), true);
  view.setUint32(start + 4, id, true);
  view.setUint32(start + 8, metadata.byteLength, true);
  view.setUint32(start + 12, buffers.length, true);
  view.setUint32(start + 16, seal, true);
  let end = start + HEADER_BYTES;
  for (const buffer of buffers) {
    view.setUint32(end, buffer.byteLength, true);
    end += LENGTH_BYTES;
  }
  bytes.set(metadata, end);
  return end + metadata.byteLength;
}

/** Whether two payloads are those of equal values. */
export function samePayload(a: Payload, b: Payload): boolean {
  return (
    Buffer.compare(a.metadata, b.metadata) === 0 &&
    a.buffers.length === b.buffers.length &&
    a.buffers.every((buffer, i) => {
      const other = b.buffers[i];
      return other !== undefined && Buffer.compare(buffer, other) === 0;
    })
  );
}
