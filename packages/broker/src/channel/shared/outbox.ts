import { Allocator } from './allocator.js';
import type { Span } from './layout.js';

/** The part of shared memory from which one side sends. */
export class Outbox {
  readonly #memory: Uint8Array;
  readonly #allocator: Allocator;

  constructor(memory: Uint8Array, span: Span) {
    this.#memory = memory;
    this.#allocator = new Allocator(span);
  }

  /** Bytes in use. */
  get used(): number {
    return this.#allocator.used;
  }

  /** Copies bytes into it. @returns Their place; `undefined` if there is no room. */
  put(bytes: Uint8Array): Span | undefined {
    const offset = this.#allocator.allocate(bytes.byteLength);
    if (offset === undefined) return undefined;
    this.#memory.set(bytes, offset);
    return { offset, length: bytes.byteLength };
  }

  /** The other side is done with the bytes at this place. */
  free({ offset }: Span): void {
    this.#allocator.free(offset);
  }
}
