import { writevSync } from 'node:fs';

import type { Piece } from './frame-writer.js';
import { ownBytes } from './own-memory.js';

/** Memory for copies that is kept, in bytes. Memory that was used before costs no page faults. */
const MAX_KEPT = 16 * 1024 * 1024;

/** Writes as much as the kernel takes at once, and copies the rest. */
export class HandOver {
  readonly #fd: number;
  /** Memory of an earlier copy that has left. */
  #spare: Uint8Array<ArrayBuffer> | undefined;

  /** @param fd Of a pipe that does not block. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * @param isNext Whether nothing that was sent earlier still waits.
   * @returns The rest, in memory that nobody else has.
   */
  write(pieces: readonly Piece[], isNext: boolean): Piece[] {
    let written = isNext ? tryToWrite(pieces, this.#fd) : 0;
    const rest: Piece[] = [];
    for (const piece of pieces) {
      const { bytes, borrowed } = piece;
      const done = Math.min(written, bytes.byteLength);
      written -= done;
      if (done === bytes.byteLength) continue;
      const left = bytes.subarray(done);
      rest.push(borrowed ? this.#copy(left) : { ...piece, bytes: left });
    }
    return rest;
  }

  #copy(bytes: Uint8Array): Piece {
    const { byteLength } = bytes;
    const fits = this.#spare !== undefined && this.#spare.byteLength >= byteLength;
    const memory = fits && this.#spare !== undefined ? this.#spare : ownBytes(byteLength);
    if (fits) this.#spare = undefined;
    const copy = memory.subarray(0, byteLength);
    copy.set(bytes);
    return {
      bytes: copy,
      borrowed: false,
      onLeft: () => {
        if (memory.byteLength <= MAX_KEPT && memory.byteLength >= (this.#spare?.byteLength ?? 0))
          this.#spare = memory;
      },
    };
  }
}

/** @returns The number of bytes that the kernel has taken. */
function tryToWrite(pieces: readonly Piece[], fd: number): number {
  try {
    return writevSync(
      fd,
      pieces.map(({ bytes }) => bytes),
    );
  } catch {
    // The kernel has no room. Or the pipe is broken, which the stream will find out.
    return 0;
  }
}
