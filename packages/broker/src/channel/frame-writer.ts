import { type Frame, frameHeadBytes, newSlab, type Payload, writeFrameHead } from './frame.js';

/** Frames are gathered in pieces of memory of this size. */
const SLAB_BYTES = 64 * 1024;
/** Up to so many bytes, to copy a buffer costs less than to write it separately. */
const WORTH_COPYING = 4 * 1024;

/** Bytes that leave one after the other. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Whether the memory belongs to somebody else, who may do anything with it. */
  readonly borrowed: boolean;
}

/** Whether a frame has all of that payload in memory of its own as soon as it is queued. */
export function isCopied({ buffers }: Payload): boolean {
  return buffers.every(({ byteLength }) => byteLength <= WORTH_COPYING);
}

/** Turns frames into few pieces of memory to be written: small things are gathered, large ones not copied. */
export class FrameWriter {
  #pieces: Piece[] = [];
  #slab = newSlab(SLAB_BYTES);
  /** The part of the slab that is not yet among the pieces. */
  #start = 0;
  #end = 0;

  /** @param seal The channel's. */
  add(frame: Frame, seal: number): void {
    this.#room(frameHeadBytes(frame.payload));
    this.#end = writeFrameHead(frame, seal, this.#slab, this.#end);
    for (const buffer of frame.payload.buffers) {
      if (buffer.byteLength > WORTH_COPYING) {
        this.#cut();
        this.#pieces.push({ bytes: buffer, borrowed: true });
      } else {
        this.#room(buffer.byteLength);
        this.#slab.bytes.set(buffer, this.#end);
        this.#end += buffer.byteLength;
      }
    }
  }

  /** What was added since the last time, in order. */
  take(): readonly Piece[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #cut(): void {
    if (this.#start === this.#end) return;
    this.#pieces.push({ bytes: this.#slab.bytes.subarray(this.#start, this.#end), borrowed: false });
    this.#start = this.#end;
  }

  #room(bytes: number): void {
    if (this.#slab.bytes.length - this.#end >= bytes) return;
    this.#cut();
    // What was taken of the old one may still be being written.
    this.#slab = newSlab(Math.max(SLAB_BYTES, bytes));
    this.#start = this.#end = 0;
  }
}
