interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Those who wait for a place in the queue, first come, first served. */
export class WaitingRoom {
  #waiters: Waiter[] = [];

  enter(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** There are so many places: no more are told of them than can take one. */
  admit(places: number): void {
    if (places <= 0 || this.#waiters.length === 0) return;
    for (const { resolve } of this.#waiters.splice(0, places)) resolve();
  }

  rejectAll(error: () => Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error());
  }
}
