import { type Frame, frameHeadBytes, newSlab, type Payload, SEAL_BYTES, writeFrameHead } from './frame.js';

/** Size of the memory in which small frames are gathered, in bytes. */
const SLAB_BYTES = 64 * 1024;
/** A buffer up to this length, in bytes, is cheaper to copy than to write separately. */
const WORTH_COPYING = 4 * 1024;

/** Bytes that leave in one write. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Whether the memory belongs to the caller, who may change it or transfer it away. */
  readonly borrowed: boolean;
  /** Called when the kernel has the bytes. */
  readonly onLeft?: () => void;
}

/** Whether the payload is copied when its frame is queued, so that its memory may change afterwards. */
export function isCopied({ buffers }: Payload): boolean {
  return buffers.length === 0 || buffers.every(({ byteLength }) => byteLength <= WORTH_COPYING);
}

const NO_PIECES: readonly Piece[] = [];

/** Turns frames into few pieces to write: small buffers are gathered, large ones are not copied. */
export class FrameWriter {
  #pieces: Piece[] = [];
  #slab = newSlab(SLAB_BYTES);
  /** The part of the slab that is not yet among the pieces. */
  #start = 0;
  #end = 0;

  /** @param seal The channel's. */
  add(frame: Frame, seal: number): void {
    this.#room(frameHeadBytes(frame.payload) + SEAL_BYTES);
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
    this.#room(SEAL_BYTES);
    this.#slab.view.setUint32(this.#end, seal, true);
    this.#end += SEAL_BYTES;
  }

  /** The pieces that were added since the last time, in order. */
  take(): readonly Piece[] {
    if (this.#start === this.#end && this.#pieces.length === 0) return NO_PIECES;
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
    // The old one may still be in the middle of a write.
    this.#slab = newSlab(Math.max(SLAB_BYTES, bytes));
    this.#start = this.#end = 0;
  }
}
