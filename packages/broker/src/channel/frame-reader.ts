import { ProtocolError } from '../errors.js';
import {
  type Frame,
  HEADER_BYTES,
  LENGTH_BYTES,
  MAX_BUFFERS,
  newSlab,
  NO_BUFFERS,
  type Payload,
  SEAL_BYTES,
} from './frame.js';
import { ownBytes } from './own-memory.js';

/** Size of the memory for heads and small buffers of frames, in bytes. Larger if a head needs it. */
const SLAB_BYTES = 64 * 1024;
/** If a slab has less room than this, in bytes, the next one is begun. */
const LEAST_ROOM = 4 * 1024;
/** If this many bytes of a buffer are missing, they are read right into its own memory. */
const WORTH_READING_APART = 8 * 1024;

interface Header {
  readonly type: number;
  readonly attempt: number;
  readonly id: number;
  readonly metadataBytes: number;
  readonly bufferCount: number;
}

/** A frame whose buffers have not all arrived. */
interface Incomplete {
  readonly header: Header;
  readonly metadata: Uint8Array;
  readonly lengths: readonly number[];
  readonly buffers: Uint8Array<ArrayBuffer>[];
  /** The buffer that is arriving, and how many of its bytes are there. */
  target: Uint8Array<ArrayBuffer>;
  filled: number;
}

export interface FrameReaderOptions {
  /** Longest frame that is accepted, in bytes. */
  maxMessageBytes: number;
  /** The seal that each frame must carry. `undefined`: the seal of the first frame. */
  seal?: number | undefined;
  /** Called for each frame. Its memory belongs to the callee. */
  onFrame: (frame: Frame) => void;
}

/** Cuts a stream of bytes into frames, however it is chunked. Each buffer gets memory of exactly its size. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  #seal: number | undefined;
  #slab = newSlab(SLAB_BYTES);
  /** The range of the slab that has arrived and is not used yet. */
  #start = 0;
  #end = 0;
  /** The part of the slab before this offset is in use by frames. */
  #kept = 0;
  #incomplete: Incomplete | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#seal = options.seal;
  }

  /** `undefined` before the first frame, if the options name no seal. */
  get seal(): number | undefined {
    return this.#seal;
  }

  /** The memory for the next bytes. */
  get #space(): Uint8Array<ArrayBuffer> {
    const incomplete = this.#incomplete;
    if (incomplete !== undefined && this.#start === this.#end && isLarge(incomplete))
      return incomplete.target.subarray(incomplete.filled);
    return this.#slab.bytes.subarray(this.#end);
  }

  /** `bytes` bytes were written to the beginning of the space. */
  #written(bytes: number): void {
    const incomplete = this.#incomplete;
    if (incomplete !== undefined && this.#start === this.#end && isLarge(incomplete))
      incomplete.filled += bytes;
    else this.#end += bytes;
    while (this.#readFrame());
    if (this.#start === this.#end) this.#start = this.#end = this.#kept;
    this.#makeRoom(LEAST_ROOM);
  }

  /** Copies the next bytes. @throws {ProtocolError} If they do not belong to a frame. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const space = this.#space;
      const piece =
        chunk.length - at <= space.length && at === 0 ? chunk : chunk.subarray(at, at + space.length);
      space.set(piece);
      at += piece.length;
      this.#written(piece.length);
    }
  }

  /** @returns Whether a frame, or its head, was complete, so that there may be another. */
  #readFrame(): boolean {
    if (this.#incomplete === undefined) return this.#readHead();
    if (!this.#fillBuffers(this.#incomplete)) return false;
    const { header, metadata, buffers } = this.#incomplete;
    this.#incomplete = undefined;
    this.#hand(header, { metadata, buffers });
    return true;
  }

  #hand({ type, attempt, id }: Header, payload: Payload): void {
    this.#options.onFrame({ type, attempt, id, payload });
  }

  /** Reads the part of a frame before its buffers. @returns false if it has not all arrived. */
  #readHead(): boolean {
    const there = this.#end - this.#start;
    if (there < HEADER_BYTES) return false;
    const header = this.#readHeader();
    const tableBytes = header.bufferCount * LENGTH_BYTES;
    const headBytes = HEADER_BYTES + tableBytes + header.metadataBytes;
    const needed = header.bufferCount === 0 ? headBytes + SEAL_BYTES : headBytes;
    if (there < needed) {
      this.#makeRoom(needed - there);
      return false;
    }
    const table = this.#start + HEADER_BYTES;
    const lengths = this.#readLengths(header, table);
    this.#start = this.#kept = this.#start + headBytes;
    const metadata = this.#slab.bytes.subarray(table + tableBytes, this.#kept);
    if (lengths.length > 0) {
      this.#incomplete = { header, metadata, lengths, buffers: [], target: NO_BYTES, filled: 0 };
      return true;
    }
    this.#readSeal();
    this.#hand(header, { metadata, buffers: NO_BUFFERS });
    return true;
  }

  /** Moves the arrived bytes of the buffers to their memory. @returns Whether all buffers are complete. */
  #fillBuffers(frame: Incomplete): boolean {
    const { lengths, buffers } = frame;
    for (;;) {
      const missing = frame.target.length - frame.filled;
      const take = Math.min(missing, this.#end - this.#start);
      if (take > 0)
        frame.target.set(this.#slab.bytes.subarray(this.#start, this.#start + take), frame.filled);
      frame.filled += take;
      this.#start += take;
      if (take < missing) return false;
      const next = lengths[buffers.length];
      if (next === undefined) return this.#readEnd();
      frame.target = ownBytes(next);
      frame.filled = 0;
      buffers.push(frame.target);
    }
  }

  /** Reads the seal behind the buffers. @returns false if it has not all arrived. */
  #readEnd(): boolean {
    const missing = SEAL_BYTES - (this.#end - this.#start);
    if (missing > 0) {
      this.#makeRoom(missing);
      return false;
    }
    this.#readSeal();
    return true;
  }

  #readSeal(): void {
    if (this.#slab.view.getUint32(this.#start, true) !== this.#seal)
      throw new ProtocolError('foreign bytes are among those of a frame');
    this.#start += SEAL_BYTES;
    this.#kept = this.#start;
  }

  /** Makes room in the slab for `bytes` more bytes. */
  #makeRoom(bytes: number): void {
    if (this.#slab.bytes.length - this.#end >= bytes) return;
    const unused = this.#slab.bytes.subarray(this.#start, this.#end);
    // A new one, because frames use the old one.
    this.#slab = newSlab(Math.max(SLAB_BYTES, unused.length + bytes));
    this.#slab.bytes.set(unused);
    this.#start = this.#kept = 0;
    this.#end = unused.length;
  }

  #readHeader(): Header {
    const { view } = this.#slab;
    const at = this.#start;
    const seal = view.getUint32(at + 16, true);
    this.#seal ??= seal;
    if (view.getUint8(at + 1) !== 0 || seal !== this.#seal)
      throw new ProtocolError('a frame begins with bytes that are not a header');
    const header = {
      type: view.getUint8(at),
      attempt: view.getUint16(at + 2, true),
      id: view.getUint32(at + 4, true),
      metadataBytes: view.getUint32(at + 8, true),
      bufferCount: view.getUint32(at + 12, true),
    };
    if (header.bufferCount > MAX_BUFFERS) {
      throw new ProtocolError(`a frame announces ${header.bufferCount} buffers, more than ${MAX_BUFFERS}`);
    }
    this.#checkLength(header.metadataBytes + header.bufferCount * LENGTH_BYTES);
    return header;
  }

  #readLengths({ bufferCount, metadataBytes }: Header, at: number): readonly number[] {
    if (bufferCount === 0) return NO_LENGTHS;
    const lengths: number[] = [];
    let sum = metadataBytes + bufferCount * LENGTH_BYTES;
    for (let i = 0; i < bufferCount; i += 1) {
      const length = this.#slab.view.getUint32(at + i * LENGTH_BYTES, true);
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
const NO_BYTES = new Uint8Array(0);

/** Whether the missing bytes are read right into the buffer's own memory. */
function isLarge({ target, filled }: Incomplete): boolean {
  return target.length - filled >= WORTH_READING_APART;
}
