interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Those who wait for a place in the queue, first come, first served. */
export class WaitingRoom {
  readonly #waiters: Waiter[] = [];
  readonly #onFree: () => void;
  /** Places promised to those who have been let in, until they had the time to take them. */
  #promised = 0;

  /** @param onFree Called when places that were promised, and perhaps not taken, can be given away again. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** Resolves when it is the caller's turn to take one of so many places. */
  async enter(places: number): Promise<void> {
    if (this.#waiters.length === 0 && places > this.#promised) {
      this.#promise(1);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** There are so many places now. */
  admit(places: number): void {
    const free = Math.min(places - this.#promised, this.#waiters.length);
    if (free <= 0) return;
    this.#promise(free);
    for (const { resolve } of this.#waiters.splice(0, free)) resolve();
  }

  rejectAll(error: () => Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error());
  }

  #promise(places: number): void {
    this.#promised += places;
    // Whoever waited goes on in a microtask, and has submitted by then, or will not soon.
    setImmediate(() => {
      this.#promised -= places;
      this.#onFree();
    }).unref();
  }
}
