/** A call that has run for less than this, in ms, was quick. */
const QUICK = 0.1;
/** What a longer run counts for less by with each quick one after it. */
const FADING = 0.9;

/** Remembers how long calls of each method have run lately. */
export class Pace {
  readonly #longest = new Map<string, number>();

  /** A call has run for so many ms. */
  ran(method: string, ms: number): void {
    this.#longest.set(method, Math.max(ms, FADING * (this.#longest.get(method) ?? 0)));
  }

  /** Whether the method's next call can be expected to be over at once. */
  isQuick(method: string): boolean {
    return (this.#longest.get(method) ?? Infinity) < QUICK;
  }
}
