/**
 * The unit of the channel. On the wire, all numbers little-endian:
 *
 * | offset | type | meaning |
 * | --- | --- | --- |
 * | 0 | u8 | type of the message, see `messages.ts` |
 * | 1 | u8 | 0 |
 * | 2 | u16 | attempt: how often the call has run before, at most 65 535 |
 * | 4 | u32 | id of the call, 0 where the message is about no call |
 * | 8 | u32 | m, bytes of metadata |
 * | 12 | u32 | n, number of buffers |
 * | 16 | u32 × n | bytes of each buffer |
 * | 16 + 4n | m bytes | metadata: one value, see `codec.ts` |
 * | 16 + 4n + m | – | the buffers, one after the other |
 */
export interface Frame {
  readonly type: number;
  readonly attempt: number;
  readonly id: number;
  readonly payload: Payload;
}

/** A value in the form in which it crosses: metadata, and beside it the raw bytes of its buffers. */
export interface Payload {
  readonly metadata: Uint8Array;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
}

export const HEADER_BYTES = 16;
export const LENGTH_BYTES = 4;
/** The longest that one part of a frame can be, since lengths are u32. */
export const MAX_PART_BYTES = 2 ** 32 - 1;

/** Bytes that the payload takes on the wire. */
export function payloadBytes(payload: Payload): number {
  let bytes = payload.metadata.byteLength;
  for (const buffer of payload.buffers) bytes += LENGTH_BYTES + buffer.byteLength;
  return bytes;
}

/** The frame's bytes before its buffers. */
export function encodeFrameHead({ type, attempt, id, payload }: Frame): Buffer {
  const { metadata, buffers } = payload;
  const head = Buffer.allocUnsafe(HEADER_BYTES + LENGTH_BYTES * buffers.length + metadata.byteLength);
  head.writeUInt8(type, 0);
  head.writeUInt8(0, 1);
  head.writeUInt16LE(Math.min(attempt, 0xffff), 2);
  head.writeUInt32LE(id, 4);
  head.writeUInt32LE(metadata.byteLength, 8);
  head.writeUInt32LE(buffers.length, 12);
  let offset = HEADER_BYTES;
  for (const buffer of buffers) offset = head.writeUInt32LE(buffer.byteLength, offset);
  head.set(metadata, offset);
  return head;
}
