import { ReadableStream } from 'node:stream/web';

import type { Span } from './layout.js';
import type { Mapping } from './system.js';

/** Views that are kept for later calls. Making a new view takes time in proportion to its size. */
const MAX_KEPT = 64;

/** Lends parts of shared memory to user code as ArrayBuffers, and detaches them when they are taken back. */
export class LentViews {
  readonly #mapping: Pick<Mapping, 'view'>;
  /** Views that are not lent now, by offset. */
  readonly #kept = new Map<number, ArrayBuffer>();

  constructor(mapping: Pick<Mapping, 'view'>) {
    this.#mapping = mapping;
  }

  lend({ offset, length }: Span): ArrayBuffer {
    const kept = this.#kept.get(offset);
    this.#kept.delete(offset);
    if (kept?.byteLength === length) return kept;
    const view = this.#mapping.view(offset, length);
    // An ArrayBuffer made by native code cannot be transferred to a thread. A moved one can.
    return moveAtOnce?.(view) ?? view;
  }

  /**
   * Detaches a lent buffer, and with it all typed arrays on it.
   * @returns false if user code has transferred it on, so that its memory is out of reach.
   */
  takeBack(lent: ArrayBuffer, { offset, length }: Span): boolean {
    if (lent.byteLength !== length) return false;
    move(lent, (moved) => {
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
      this.#kept.set(offset, moved);
    });
    return lent.byteLength === 0;
  }
}

/** `ArrayBuffer.prototype.transfer`. Node has it since version 22. */
const moveAtOnce = transferMethod();

function transferMethod(): ((buffer: ArrayBuffer) => ArrayBuffer) | undefined {
  const transfer: unknown = Reflect.get(ArrayBuffer.prototype, 'transfer');
  if (typeof transfer !== 'function') return undefined;
  return (buffer) => Reflect.apply(transfer, buffer, []) as ArrayBuffer; // by its definition
}

/**
 * Does the same before Node 22. A byte stream detaches the buffer that it reads into, and returns another buffer on the
 * same memory. This stream has ended, so it reads nothing.
 */
const endedStream = new ReadableStream({
  type: 'bytes',
  start(controller) {
    controller.close();
  },
}).getReader({ mode: 'byob' });

/** Moves memory to another ArrayBuffer. The old one is detached when this returns. */
function move(buffer: ArrayBuffer, then: (moved: ArrayBuffer) => void): void {
  if (moveAtOnce !== undefined) {
    then(moveAtOnce(buffer));
    return;
  }
  endedStream.read(new Uint8Array(buffer)).then(
    ({ value }) => {
      if (value !== undefined) then(value.buffer);
    },
    () => undefined,
  );
}
