interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Callers of `ready()` who wait for a place in the queue, first come, first served. */
export class WaitingRoom {
  readonly #waiters: Waiter[] = [];
  readonly #onFree: () => void;
  /** Places promised to callers who were let in and may not have taken them yet. */
  #promised = 0;

  /** @param onFree Called when promised places that nobody took can be given away again. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** Resolves when it is the caller's turn to take a place. @param places Number of free places. */
  async enter(places: number): Promise<void> {
    if (this.#waiters.length === 0 && places > this.#promised) {
      this.#promise(1);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** @param places Gives the number of places that are free now. */
  admit(places: () => number): void {
    if (this.#waiters.length === 0) return;
    const free = Math.min(places() - this.#promised, this.#waiters.length);
    if (free <= 0) return;
    this.#promise(free);
    for (const { resolve } of this.#waiters.splice(0, free)) resolve();
  }

  rejectAll(error: () => Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error());
  }

  #promise(places: number): void {
    this.#promised += places;
    // A caller who was let in goes on in a microtask. If it has not submitted by then, it will not do so soon.
    setImmediate(() => {
      this.#promised -= places;
      this.#onFree();
    }).unref();
  }
}
