import { Buffer } from 'node:buffer';

import { ProtocolError } from '../errors.js';
import type { Frame } from './frame.js';
import { HEADER_BYTES, LENGTH_BYTES } from './frame.js';

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

  /** @throws ProtocolError where the bytes are no frame. */
  push(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.byteLength) {
      const take = Math.min(this.#target.byteLength - this.#filled, chunk.byteLength - offset);
      this.#target.set(chunk.subarray(offset, offset + take), this.#filled);
      this.#filled += take;
      offset += take;
      while (this.#filled === this.#target.byteLength) this.#advance();
    }
  }

  #advance(): void {
    const phase = this.#phase;
    switch (phase.name) {
      case 'header': {
        const header = this.#readHeader(this.#target);
        const table = header.bufferCount * LENGTH_BYTES;
        this.#expect({ name: 'metadata', header }, Buffer.allocUnsafeSlow(table + header.metadataBytes));
        break;
      }
      case 'metadata': {
        const { header } = phase;
        const lengths = this.#readLengths(header, this.#target);
        const metadata = this.#target.subarray(header.bufferCount * LENGTH_BYTES);
        this.#nextBuffer(header, metadata, [], lengths);
        break;
      }
      case 'buffers': {
        phase.buffers.push(this.#target);
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
    const length = lengths[buffers.length];
    if (length !== undefined) {
      // A plain Uint8Array of its own: what comes of it must not share memory with anything else.
      this.#expect({ name: 'buffers', header, metadata, buffers, lengths }, ownBytes(length));
      return;
    }
    this.#expect({ name: 'header' }, Buffer.allocUnsafeSlow(HEADER_BYTES));
    const { type, attempt, id } = header;
    this.#options.onFrame({ type, attempt, id, payload: { metadata, buffers } });
  }

  #expect(phase: Phase, target: Uint8Array<ArrayBuffer>): void {
    this.#phase = phase;
    this.#target = target;
    this.#filled = 0;
  }

  #readHeader(bytes: Uint8Array): Header {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint8(1) !== 0) throw new ProtocolError('a frame begins with bytes that are no header');
    const header = {
      type: view.getUint8(0),
      attempt: view.getUint16(2, true),
      id: view.getUint32(4, true),
      metadataBytes: view.getUint32(8, true),
      bufferCount: view.getUint32(12, true),
    };
    this.#checkLength(header.metadataBytes + header.bufferCount * LENGTH_BYTES);
    return header;
  }

  #readLengths({ bufferCount, metadataBytes }: Header, bytes: Uint8Array): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lengths = Array.from({ length: bufferCount }, (_, i) => view.getUint32(i * LENGTH_BYTES, true));
    this.#checkLength(
      lengths.reduce((sum, length) => sum + length, metadataBytes + bufferCount * LENGTH_BYTES),
    );
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

function ownBytes(length: number): Uint8Array<ArrayBuffer> {
  // allocUnsafeSlow neither zeroes, which a new Uint8Array would, nor takes from Node's shared pool.
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, byteOffset, length);
}
