import { ProtocolError } from '../errors.js';
import {
  type Frame,
  HEADER_BYTES,
  LENGTH_BYTES,
  MAX_BUFFERS,
  newSlab,
  NO_BUFFERS,
  type Payload,
} from './frame.js';
import { ownBytes } from './own-memory.js';

/** What comes before a frame's buffers is read into pieces of memory of this size, or larger where it must be. */
const SLAB_BYTES = 64 * 1024;
/** With less room than this in a slab, the next one is begun. */
const LEAST_ROOM = 4 * 1024;
/** So much that is missing of a buffer goes right to its place. */
const WORTH_READING_APART = 8 * 1024;

interface Header {
  readonly type: number;
  readonly attempt: number;
  readonly id: number;
  readonly metadataBytes: number;
  readonly bufferCount: number;
}

/** A frame of which not all buffers are there. */
interface Incomplete {
  readonly header: Header;
  readonly metadata: Uint8Array;
  readonly lengths: readonly number[];
  readonly buffers: Uint8Array<ArrayBuffer>[];
  /** The buffer now coming, and how much of it is there. */
  target: Uint8Array<ArrayBuffer>;
  filled: number;
}

export interface FrameReaderOptions {
  /** Longest frame that is taken. */
  maxMessageBytes: number;
  /** What each frame has to carry; `undefined`: what the first one does. */
  seal?: number | undefined;
  /** Called once a frame; the frame's memory belongs to the callee. */
  onFrame: (frame: Frame) => void;
}

/** Cuts a stream of bytes, however it is chunked, into frames. Buffers get memory of exactly their size. */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  #seal: number | undefined;
  #slab = newSlab(SLAB_BYTES);
  /** The bytes of the slab that are there and not yet used. */
  #start = 0;
  #end = 0;
  /** Up to here frames hold on to the slab. */
  #kept = 0;
  #incomplete: Incomplete | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#seal = options.seal;
  }

  /** `undefined` where it is that of the first frame, and that has not come. */
  get seal(): number | undefined {
    return this.#seal;
  }

  /** Where the next bytes are to be written. */
  get #space(): Uint8Array<ArrayBuffer> {
    const incomplete = this.#incomplete;
    if (incomplete !== undefined && this.#start === this.#end && isLarge(incomplete))
      return incomplete.target.subarray(incomplete.filled);
    return this.#slab.bytes.subarray(this.#end);
  }

  /** So many bytes were written to the beginning of the space. */
  #written(bytes: number): void {
    const incomplete = this.#incomplete;
    if (incomplete !== undefined && this.#start === this.#end && isLarge(incomplete))
      incomplete.filled += bytes;
    else this.#end += bytes;
    while (this.#readFrame());
    if (this.#start === this.#end) this.#start = this.#end = this.#kept;
    this.#makeRoom(LEAST_ROOM);
  }

  /** Takes the next bytes, which are copied. @throws ProtocolError where they belong to no frame. */
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

  /** @returns Whether it read one, and there may be another. */
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

  /** Reads a frame's bytes before its buffers, where all of them are there. @returns Whether they are. */
  #readHead(): boolean {
    const there = this.#end - this.#start;
    if (there < HEADER_BYTES) return false;
    const header = this.#readHeader();
    const tableBytes = header.bufferCount * LENGTH_BYTES;
    const headBytes = HEADER_BYTES + tableBytes + header.metadataBytes;
    if (there < headBytes) {
      this.#makeRoom(headBytes - there);
      return false;
    }
    const table = this.#start + HEADER_BYTES;
    const lengths = this.#readLengths(header, table);
    this.#start = this.#kept = this.#start + headBytes;
    const metadata = this.#slab.bytes.subarray(table + tableBytes, this.#kept);
    if (lengths.length === 0) this.#hand(header, { metadata, buffers: NO_BUFFERS });
    else this.#incomplete = { header, metadata, lengths, buffers: [], target: NO_BYTES, filled: 0 };
    return true;
  }

  /** Moves what is there of the buffers to their places. @returns Whether that was all. */
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
      if (next === undefined) return true;
      frame.target = ownBytes(next);
      frame.filled = 0;
      buffers.push(frame.target);
    }
  }

  /** Makes room in the slab for so many bytes more. */
  #makeRoom(bytes: number): void {
    if (this.#slab.bytes.length - this.#end >= bytes) return;
    const unused = this.#slab.bytes.subarray(this.#start, this.#end);
    // Frames hold on to the old one.
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
      throw new ProtocolError('a frame begins with bytes that are no header');
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

/** Whether so much is missing that it is read right into its place. */
function isLarge({ target, filled }: Incomplete): boolean {
  return target.length - filled >= WORTH_READING_APART;
}
