/** Access to the bytes of an HDF5 file. */
export interface HeaderSource {
  /**
   * Reads bytes at an address that the file states.
   *
   * @throws {RangeError} When the file ends before the last of these bytes.
   */
  read(address: number, length: number): Buffer;
  /** Size of an address in this file, in bytes. */
  sizeOfOffsets: number;
  /** Size of a length in this file, in bytes. */
  sizeOfLengths: number;
}

/** One fact about an object, for example its datatype, its layout or its filters. */
export interface HeaderMessage {
  type: number;
  /** Whether the body is only a reference to the fact, as for a named datatype. */
  shared: boolean;
  body: Buffer;
}

/** Types of header messages. Source: HDF5 File Format Specification 3.0, section IV.A.2. */
export const DATATYPE = 0x0003;
export const EXTERNAL_FILES = 0x0007;
const CONTINUATION = 0x0010;

/** Keras writes headers of two blocks with some hundred bytes each. A header above these limits is damaged. */
const MAX_BLOCKS = 64;
const MAX_BLOCK_BYTES = 1024 * 1024;

const SIGNATURE_V2 = 'OHDR';
const CONTINUATION_SIGNATURE_V2 = 'OCHK';
const CHECKSUM_BYTES = 4;

/**
 * Reads the messages of the object header at an address. They contain two facts that h5wasm does not report: the exact
 * layout of a float, and external storage.
 *
 * Source: HDF5 File Format Specification 3.0, section IV.A.1.
 *
 * @throws {RangeError} When the header is damaged.
 */
export function readObjectHeader(source: HeaderSource, address: number): HeaderMessage[] {
  const version2 = source.read(address, 4).toString('latin1') === SIGNATURE_V2;
  const format = version2 ? beginVersion2(source, address) : beginVersion1(source, address);
  const messages: HeaderMessage[] = [];
  const blocks = [format.first];
  // The loop appends to this array, and so also visits the blocks that it finds.
  for (const block of blocks) {
    for (const message of format.messages(block)) {
      if (message.type !== CONTINUATION) messages.push(message);
      else if (blocks.length < MAX_BLOCKS) blocks.push(format.continuation(message.body));
      else throw new RangeError('an object header has too many blocks');
    }
  }
  return messages;
}

interface HeaderFormat {
  first: Buffer;
  messages(block: Buffer): Generator<HeaderMessage>;
  continuation(body: Buffer): Buffer;
}

function beginVersion1(source: HeaderSource, address: number): HeaderFormat {
  const prefix = source.read(address, 16);
  if (prefix.readUInt8(0) !== 1) throw new RangeError('an object header has an unknown version');
  return {
    first: readBlock(source, address + prefix.length, prefix.readUInt32LE(8)),
    *messages(block) {
      for (let at = 0; at + 8 <= block.length;) {
        const length = block.readUInt16LE(at + 2);
        yield message(block.readUInt16LE(at), block.readUInt8(at + 4), block, at + 8, length);
        at += 8 + length;
      }
    },
    continuation: (body) => continuationBlock(source, body),
  };
}

function beginVersion2(source: HeaderSource, address: number): HeaderFormat {
  const flags = source.read(address, 6).readUInt8(5);
  const widthOfSize = 1 << (flags & 0b11);
  // Two flags say whether the optional fields are present: times (16 bytes) and limits for attributes (4 bytes).
  const sizeAt = address + 6 + (flags & 0b10_0000 ? 16 : 0) + (flags & 0b1_0000 ? 4 : 0);
  const size = unsigned(source.read(sizeAt, widthOfSize), 0, widthOfSize);
  const prefixOfMessage = flags & 0b100 ? 6 : 4;
  return {
    first: readBlock(source, sizeAt + widthOfSize, size),
    *messages(block) {
      // The block may end with a gap that is shorter than a message's prefix.
      for (let at = 0; at + prefixOfMessage <= block.length;) {
        const length = block.readUInt16LE(at + 1);
        yield message(block.readUInt8(at), block.readUInt8(at + 3), block, at + prefixOfMessage, length);
        at += prefixOfMessage + length;
      }
    },
    continuation(body) {
      const block = continuationBlock(source, body);
      if (block.toString('latin1', 0, 4) !== CONTINUATION_SIGNATURE_V2)
        throw new RangeError('an object header continues at an address without a continuation block');
      return block.subarray(4, -CHECKSUM_BYTES);
    },
  };
}

function message(type: number, flags: number, block: Buffer, at: number, length: number): HeaderMessage {
  if (at + length > block.length) throw new RangeError('a message is longer than its object header');
  return { type, shared: (flags & 0b10) !== 0, body: block.subarray(at, at + length) };
}

function continuationBlock(source: HeaderSource, body: Buffer): Buffer {
  const { sizeOfOffsets, sizeOfLengths } = source;
  return readBlock(source, unsigned(body, 0, sizeOfOffsets), unsigned(body, sizeOfOffsets, sizeOfLengths));
}

function readBlock(source: HeaderSource, address: number, length: number): Buffer {
  if (length > MAX_BLOCK_BYTES) throw new RangeError(`a block of an object header claims ${length} bytes`);
  return source.read(address, length);
}

/**
 * Reads a little-endian unsigned integer.
 *
 * @param width Size in bytes: 1, 2, 4 or 8.
 * @throws {RangeError} When the width is another one.
 */
export function unsigned(bytes: Buffer, at: number, width: number): number {
  if (width === 8) return Number(bytes.readBigUInt64LE(at));
  if (width === 1 || width === 2 || width === 4) return bytes.readUIntLE(at, width);
  throw new RangeError(`the file has integers of ${width} bytes`);
}
