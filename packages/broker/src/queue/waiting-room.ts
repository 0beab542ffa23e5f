interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Most places that are promised at once. Their calls may be larger than expected, and all of them are accepted. */
const MAX_PROMISED = 16;

/** Callers of `ready()` who wait for a place in the queue, first come, first served. */
export class WaitingRoom {
  readonly #waiters: Waiter[] = [];
  readonly #onFree: () => void;
  /** Numbers of places promised to callers who were let in and may not have taken them yet, the oldest first. */
  readonly #promises: { places: number }[] = [];

  /** @param onFree Called when promised places that nobody took can be given away again. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** Resolves when it is the caller's turn to take a place. @param places Number of free places. */
  async enter(places: number): Promise<void> {
    if (this.#waiters.length === 0 && this.#open(places) > 0) {
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
    const open = Math.min(this.#open(places()), this.#waiters.length);
    if (open <= 0) return;
    this.#promise(open);
    for (const { resolve } of this.#waiters.splice(0, open)) resolve();
  }

  /** A caller who was let in takes its place. @returns false if no place is promised. */
  takePromised(): boolean {
    const oldest = this.#promises.find(({ places }) => places > 0);
    if (oldest === undefined) return false;
    oldest.places -= 1;
    return true;
  }

  rejectAll(error: () => Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error());
  }

  /** How many of the free places can be promised. */
  #open(places: number): number {
    const promised = this.#promises.reduce((sum, promise) => sum + promise.places, 0);
    return Math.min(places, MAX_PROMISED) - promised;
  }

  #promise(places: number): void {
    this.#promises.push({ places });
    // A caller who was let in goes on in a microtask. If it has not submitted by then, it will not do so soon.
    setImmediate(() => {
      this.#promises.shift();
      this.#onFree();
    }).unref();
  }
}
