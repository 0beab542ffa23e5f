import { ReadableStream } from 'node:stream/web';

import type { Span } from './layout.js';
import type { Mapping } from './system.js';

/** Of so many places a view is kept for the next call; to make one anew costs more the larger it is. */
const MAX_KEPT = 64;

/** Parts of shared memory that user code is lent as ArrayBuffers, and that fail it once they are taken back. */
export class LentViews {
  readonly #mapping: Pick<Mapping, 'view'>;
  /** Those that nobody else has, by their offset. */
  readonly #kept = new Map<number, ArrayBuffer>();

  constructor(mapping: Pick<Mapping, 'view'>) {
    this.#mapping = mapping;
  }

  lend({ offset, length }: Span): ArrayBuffer {
    const kept = this.#kept.get(offset);
    this.#kept.delete(offset);
    if (kept?.byteLength === length) return kept;
    const view = this.#mapping.view(offset, length);
    // One of native code's making cannot be transferred to a thread. What it is moved to can.
    return moveAtOnce?.(view) ?? view;
  }

  /**
   * Detaches a buffer that was lent, and with it all typed arrays on it.
   * @returns false where its memory is out of reach: user code has transferred it on.
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

/** `ArrayBuffer.prototype.transfer`, which Node has from version 22 on. */
const moveAtOnce = transferMethod();

function transferMethod(): ((buffer: ArrayBuffer) => ArrayBuffer) | undefined {
  const transfer: unknown = Reflect.get(ArrayBuffer.prototype, 'transfer');
  if (typeof transfer !== 'function') return undefined;
  return (buffer) => Reflect.apply(transfer, buffer, []) as ArrayBuffer; // by its definition
}

/**
 * Before that, byte streams do it: what is read into is detached at once, and handed back as another buffer on
 * the same memory. One that has ended reads nothing.
 */
const endedStream = new ReadableStream({
  type: 'bytes',
  start(controller) {
    controller.close();
  },
}).getReader({ mode: 'byob' });

/** Moves memory to another ArrayBuffer. The one it was in is detached when this returns. */
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
