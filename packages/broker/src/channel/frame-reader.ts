import { Buffer } from 'node:buffer';

import { ProtocolError } from '../errors.js';
import type { Frame } from './frame.js';
import { HEADER_BYTES, LENGTH_BYTES, MAX_BUFFERS } from './frame.js';

type Phase =
  | { readonly name: 'header' }
  | { readonly name: 'metadata'; readonly header: Header }
  | {
      readonly name: 'buffers';
      readonly header: Header;
      readonly metadata: Uint8Array;
      readonly buffers: Uint8Array<ArrayBuffer>[];
      readonly lengths: readonly number[];
    };

interface Header {
  readonly type: number;
  readonly attempt: number;
  readonly id: number;
  readonly metadataBytes: number;
  readonly bufferCount: number;
}

export interface FrameReaderOptions {
  /** Longest frame that is taken. */
  maxMessageBytes: number;
  /** Called once a frame; the frame's memory belongs to the callee. */
  onFrame: (frame: Frame) => void;
}

/** Cuts a stream of bytes, however it is chunked, into frames. Buffers get memory of exactly their size. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  #phase: Phase = { name: 'header' };
  /** What the bytes now coming are written to, and how much of it is written. */
  #target: Uint8Array<ArrayBuffer> = Buffer.allocUnsafeSlow(HEADER_BYTES);
  #filled = 0;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  /**
   * Takes the next bytes. Frames may keep hold of the chunk's memory.
   * @throws ProtocolError where the bytes are no frame.
   */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const between = this.#phase.name === 'header' && this.#filled === 0;
      const behindHead = between ? this.#takeHead(chunk, at) : undefined;
      at = behindHead ?? this.#fill(chunk, at);
    }
  }

  /** Takes a frame's bytes before its buffers, where the chunk has them all. @returns Where they end. */
  #takeHead(chunk: Buffer, at: number): number | undefined {
    if (chunk.length - at < HEADER_BYTES) return undefined;
    const header = this.#readHeader(chunk, at);
    const table = at + HEADER_BYTES;
    const metadata = table + header.bufferCount * LENGTH_BYTES;
    const end = metadata + header.metadataBytes;
    if (end > chunk.length) return undefined;
    this.#nextBuffer(header, chunk.subarray(metadata, end), [], this.#readLengths(header, chunk, table));
    return end;
  }

  /** Takes what the present target has room for. @returns Where that ends. */
  #fill(chunk: Buffer, at: number): number {
    const take = Math.min(this.#target.length - this.#filled, chunk.length - at);
    this.#target.set(chunk.subarray(at, at + take), this.#filled);
    this.#filled += take;
    if (this.#filled === this.#target.length) this.#advance(this.#phase, this.#target);
    return at + take;
  }

  #advance(phase: Phase, target: Uint8Array<ArrayBuffer>): void {
    switch (phase.name) {
      case 'header': {
        const header = this.#readHeader(asBuffer(target), 0);
        const rest = header.bufferCount * LENGTH_BYTES + header.metadataBytes;
        if (rest === 0) this.#nextBuffer(header, target.subarray(0, 0), [], []);
        else this.#expect({ name: 'metadata', header }, Buffer.allocUnsafeSlow(rest));
        break;
      }
      case 'metadata': {
        const { header } = phase;
        const metadata = target.subarray(header.bufferCount * LENGTH_BYTES);
        this.#nextBuffer(header, metadata, [], this.#readLengths(header, asBuffer(target), 0));
        break;
      }
      case 'buffers': {
        phase.buffers.push(target);
        this.#nextBuffer(phase.header, phase.metadata, phase.buffers, phase.lengths);
        break;
      }
    }
  }

  #nextBuffer(
    header: Header,
    metadata: Uint8Array,
    buffers: Uint8Array<ArrayBuffer>[],
    lengths: readonly number[],
  ): void {
    // What has no bytes has arrived already.
    while (lengths[buffers.length] === 0) buffers.push(new Uint8Array(0));
    const length = lengths[buffers.length];
    if (length !== undefined) {
      this.#expect({ name: 'buffers', header, metadata, buffers, lengths }, ownBytes(length));
      return;
    }
    if (this.#phase.name !== 'header' || this.#filled > 0) {
      this.#expect({ name: 'header' }, Buffer.allocUnsafeSlow(HEADER_BYTES));
    }
    const { type, attempt, id } = header;
    this.#options.onFrame({ type, attempt, id, payload: { metadata, buffers } });
  }

  #expect(phase: Phase, target: Uint8Array<ArrayBuffer>): void {
    this.#phase = phase;
    this.#target = target;
    this.#filled = 0;
  }

  #readHeader(bytes: Buffer, at: number): Header {
    if (bytes.readUInt8(at + 1) !== 0)
      throw new ProtocolError('a frame begins with bytes that are no header');
    const header = {
      type: bytes.readUInt8(at),
      attempt: bytes.readUInt16LE(at + 2),
      id: bytes.readUInt32LE(at + 4),
      metadataBytes: bytes.readUInt32LE(at + 8),
      bufferCount: bytes.readUInt32LE(at + 12),
    };
    if (header.bufferCount > MAX_BUFFERS) {
      throw new ProtocolError(`a frame announces ${header.bufferCount} buffers, more than ${MAX_BUFFERS}`);
    }
    this.#checkLength(header.metadataBytes + header.bufferCount * LENGTH_BYTES);
    return header;
  }

  #readLengths({ bufferCount, metadataBytes }: Header, bytes: Buffer, at: number): readonly number[] {
    if (bufferCount === 0) return NO_LENGTHS;
    const lengths: number[] = [];
    let sum = metadataBytes + bufferCount * LENGTH_BYTES;
    for (let i = 0; i < bufferCount; i += 1) {
      const length = bytes.readUInt32LE(at + i * LENGTH_BYTES);
      lengths.push(length);
      sum += length;
    }
    this.#checkLength(sum);
    return lengths;
  }

  #checkLength(bytes: number): void {
    const { maxMessageBytes } = this.#options;
    if (bytes <= maxMessageBytes) return;
    throw new ProtocolError(
      `a frame announces ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`,
    );
  }
}

const NO_LENGTHS: readonly number[] = [];

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** A plain Uint8Array of its own: what comes of it must not share memory with anything else. */
function ownBytes(length: number): Uint8Array<ArrayBuffer> {
  // allocUnsafeSlow neither zeroes, which a new Uint8Array would, nor takes from Node's shared pool.
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}
