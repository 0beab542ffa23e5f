import { Buffer } from 'node:buffer';

import { ProtocolError, SerializationError } from '../errors.js';
import { clone, revive } from './clone.js';
import { Tag } from './compact.js';
import { CompactReader } from './compact-reader.js';
import { CompactWriter } from './compact-writer.js';
import type { Payload } from './frame.js';
import { MAX_BUFFERS, MAX_PART_BYTES } from './frame.js';
import { findUncloneable } from './uncloneable.js';

/** Reused by one value after the other; `undefined` while one is being written (whose getter may write too). */
let scratch: Buffer | undefined = Buffer.allocUnsafeSlow(8 * 1024);

/**
 * Turns a value into its wire form. Everything that structured clone carries can cross; typed arrays, Buffers,
 * DataViews and ArrayBuffers do so as references to the caller's memory.
 * @param path What the value is called in errors, such as `args`.
 * @throws SerializationError naming the path of what cannot cross.
 */
export function encodeValue(value: unknown, path: string): Payload {
  try {
    return checkSize(encodeCompact(value) ?? encodeClone(value), path);
  } catch (error) {
    throw error instanceof SerializationError ? error : serializationError(value, path, error);
  }
}

/** @throws ProtocolError where the bytes are not those of a value. */
export function decodeValue({ metadata, buffers }: Payload): unknown {
  const bytes = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  try {
    if (bytes[0] !== Tag.Clone) return new CompactReader(bytes, buffers).readAll();
    const arrayBuffers = bytes.readUInt32LE(1);
    return revive(bytes.subarray(5), buffers, arrayBuffers);
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError('a frame holds bytes that are not those of a value', { cause });
  }
}

function encodeCompact(value: unknown): Payload | undefined {
  const writer = new CompactWriter(scratch ?? Buffer.allocUnsafeSlow(1024));
  const reusable = scratch;
  scratch = undefined;
  try {
    if (!writer.write(value)) return undefined;
    return { metadata: Buffer.from(writer.written), buffers: writer.buffers };
  } finally {
    scratch = reusable;
  }
}

function encodeClone(value: unknown): Payload {
  const { bytes, buffers, arrayBuffers } = clone(value);
  const head = Buffer.allocUnsafe(5);
  head.writeUInt8(Tag.Clone, 0);
  head.writeUInt32LE(arrayBuffers, 1);
  return { metadata: Buffer.concat([head, bytes]), buffers };
}

function checkSize(payload: Payload, path: string): Payload {
  const { length } = payload.buffers;
  if (length > MAX_BUFFERS) {
    throw new SerializationError(
      path,
      `${path} holds ${length} buffers; at most ${MAX_BUFFERS} can cross at once`,
    );
  }
  for (const { byteLength } of [payload.metadata, ...payload.buffers]) {
    if (byteLength <= MAX_PART_BYTES) continue;
    throw new SerializationError(
      path,
      `${path} holds ${byteLength} bytes in one piece; 4 GiB cannot cross at once`,
    );
  }
  return payload;
}

function serializationError(value: unknown, path: string, cause: unknown): SerializationError {
  const found = findUncloneable(value, path);
  const where = found?.path ?? path;
  const what = found?.what ?? (cause instanceof Error ? cause.message : 'it');
  return new SerializationError(where, `${where} cannot cross to the other process: ${what}`, { cause });
}
