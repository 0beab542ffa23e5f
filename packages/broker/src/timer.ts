/** The longest time that Node's timers can wait, in ms: about 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls `run` after `ms`, or never if that is longer than Node's timers can wait. Does not keep the program running:
 * `KeepAlive` does that.
 */
export function after(ms: number, run: () => void): NodeJS.Timeout | undefined {
  return ms > LONGEST ? undefined : setTimeout(run, ms).unref();
}

/** Calls `run` after `ms`, not counting the time for which it is paused. */
export class Limit {
  readonly #run: () => void;
  #left: number;
  /** Start of the current stretch, by `performance.now()`; `undefined` while it is paused. */
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, run: () => void) {
    this.#left = ms;
    this.#run = run;
    this.resume();
  }

  pause(): void {
    if (this.#since === undefined) return;
    clearTimeout(this.#timer);
    this.#left -= performance.now() - this.#since;
    this.#since = undefined;
  }

  resume(): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#timer = after(this.#left, this.#run);
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}

/** Keeps the program running while there is a reason to. No other handle of the broker does. */
export class KeepAlive {
  #timer: NodeJS.Timeout | undefined;
  #reasons = 0;

  hold(): void {
    this.#reasons += 1;
    if (this.#reasons > 1) return;
    if (this.#timer === undefined) this.#timer = setInterval(() => undefined, LONGEST);
    else this.#timer.ref();
  }

  release(): void {
    this.#reasons -= 1;
    if (this.#reasons === 0) this.#timer?.unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
