import { Buffer } from 'node:buffer';

import { ProtocolError, SerializationError } from '../../errors.js';
import { MAX_BUFFERS, MAX_PART_BYTES, type Payload } from '../frame.js';
import { clone, revive } from './clone.js';
import { Tag } from './compact.js';
import { CompactReader } from './compact-reader.js';
import { CompactWriter } from './compact-writer.js';
import { GetterError, type Reads } from './reads.js';
import { findUncloneable } from './uncloneable.js';
import { UndecodableError } from './undecodable.js';

const reader = new CompactReader();

/** The writer that is reused. `undefined` while it writes: a getter of the value may write another value. */
let idleWriter: CompactWriter | undefined = new CompactWriter();

/**
 * Turns a value into its wire form. It can be anything that structured clone carries. Typed arrays, Buffers, DataViews and
 * ArrayBuffers are not copied: the payload refers to the caller's memory.
 * @param path Name of the value in errors, such as `args`.
 * @throws {SerializationError} Names the path of the part that cannot cross.
 */
export function encodeValue(value: unknown, path: string): Payload {
  try {
    return checkSize(encode(value, false), path);
  } catch (error) {
    throw error instanceof Refusal ? serializationError(value, path, error) : error;
  }
}

/**
 * The same for a list of values. No other code may hold the list itself.
 * @param names Name of each value in errors.
 * @throws {SerializationError} Names the path of the part that cannot cross.
 */
export function encodeList(list: readonly unknown[], names: readonly string[]): Payload {
  try {
    return checkSize(encode(list, true), '');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const named = Object.fromEntries(names.map((name, i) => [name, list[i]]));
    throw serializationError(named, '', error);
  }
}

/**
 * The same, if getters of the value may have run already. They do not run again.
 * @throws {Error} If a part cannot cross.
 */
export function encodeOnce(value: unknown, reads: Reads): Payload {
  return checkSize(encodeClone(value, reads), 'value');
}

/**
 * @throws {UndecodableError} If this process cannot read the value.
 * @throws {ProtocolError} If the bytes are not those of a value.
 */
export function decodeValue({ metadata, buffers }: Payload): unknown {
  const bytes = Buffer.isBuffer(metadata)
    ? metadata
    : Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  try {
    if (bytes[0] !== Tag.Clone) return reader.read(bytes, buffers);
    return decodeClone(bytes, buffers, bytes.readUInt32LE(1));
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    throw new ProtocolError('a frame holds bytes that are not a value', { cause });
  }
}

function decodeClone(bytes: Buffer, buffers: Payload['buffers'], arrayBuffers: number): unknown {
  try {
    return revive(bytes.subarray(5), buffers, arrayBuffers);
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UndecodableError(
      `${why.replace(/\.?$/, '.')} It may be nested too deep, or of a kind that Node ${process.version} does not know.`,
      { cause },
    );
  }
}

/** A value cannot be encoded. Its cause says why. */
class Refusal extends Error {
  readonly reads: Reads;

  constructor(reads: Reads, cause: unknown) {
    super('a value cannot be encoded', { cause });
    this.reads = reads;
  }
}

function encode(value: unknown, isList: boolean): Payload {
  const writer = idleWriter ?? new CompactWriter();
  idleWriter = undefined;
  let reads: Reads;
  try {
    const isWritten = isList && Array.isArray(value) ? writer.writeList(value) : writer.write(value);
    if (isWritten) return writer.take();
    reads = writer.getterReads();
  } catch (error) {
    throw new Refusal(writer.getterReads(error), error);
  } finally {
    writer.reset();
    idleWriter = writer;
  }
  try {
    return encodeClone(value, reads);
  } catch (error) {
    throw new Refusal(reads, error);
  }
}

function encodeClone(value: unknown, reads: Reads): Payload {
  const { bytes, buffers, arrayBuffers } = clone(value, reads);
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
      `${path} has ${length} buffers; at most ${MAX_BUFFERS} can cross at once`,
    );
  }
  checkPart(payload.metadata, path);
  for (const buffer of payload.buffers) checkPart(buffer, path);
  return payload;
}

function checkPart({ byteLength }: Uint8Array, path: string): void {
  if (byteLength <= MAX_PART_BYTES) return;
  throw new SerializationError(
    path,
    `${path} has a part of ${byteLength} bytes; a part must be shorter than 4 GiB`,
  );
}

function serializationError(value: unknown, name: string, { reads, cause }: Refusal): SerializationError {
  const { path, what } = findUncloneable(value, name, cause, reads);
  const message = `${path} cannot cross to the other process: ${what}`;
  return new SerializationError(path, message, { cause: cause instanceof GetterError ? cause.cause : cause });
}
