/** Number of ids that the ring holds. More at once are learned by the messages on the channel. */
const SIZE = 1024;

/**
 * The ids of calls that were abandoned. The lifeline's thread adds them, so that the main thread can learn of them in the
 * middle of a computation that blocks, when no message can be read. The first element counts the ids so far.
 */
export class AbortRing {
  readonly #cells = new Int32Array(new SharedArrayBuffer(4 * (SIZE + 1)));
  readonly #onAbort: (id: number) => void;
  #seen = 0;

  /** @param onAbort Called for each id, within `look`. */
  constructor(onAbort: (id: number) => void) {
    this.#onAbort = onAbort;
  }

  /** For the thread. */
  get memory(): SharedArrayBuffer {
    return this.#cells.buffer; // it was made of one
  }

  /** Handles the ids that have come since the last time. Takes a few ns if there are none. */
  look(): void {
    if (Atomics.load(this.#cells, 0) !== this.#seen) this.#take();
  }

  #take(): void {
    const count = Atomics.load(this.#cells, 0);
    // If the ring was overrun, the oldest ids are gone. Their messages come later.
    for (let next = Math.max(this.#seen, count - SIZE); next < count; next += 1)
      this.#onAbort((this.#cells[1 + (next % SIZE)] ?? 0) >>> 0);
    this.#seen = count;
  }
}

/** The thread's side: JavaScript that defines `addAborted(id)` on `memory`, a SharedArrayBuffer. */
export const ADD_ABORTED = `
  const cells = new Int32Array(memory);
  const addAborted = (id) => {
    const count = Atomics.load(cells, 0);
    cells[1 + (count % ${SIZE})] = id;
    Atomics.store(cells, 0, count + 1);
  };
`;
