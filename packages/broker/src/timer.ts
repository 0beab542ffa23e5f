/** The longest that Node's timers can wait: about 24.8 days. */
const LONGEST = 2 ** 31 - 1;

/**
 * Calls `run` after `ms`; never, where that is longer than Node's timers can wait. Does not keep the program
 * running: that is for `KeepAlive` to decide.
 */
export function after(ms: number, run: () => void): NodeJS.Timeout | undefined {
  return ms > LONGEST ? undefined : setTimeout(run, ms).unref();
}

/** Calls `run` after `ms`, of which the time in which it is paused is no part. */
export class Limit {
  readonly #run: () => void;
  #left: number;
  /** Since when it runs, as `performance.now()` tells it; `undefined` while it is paused. */
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

/** Keeps the program running while it has a reason to. Everything else the broker opens does not. */
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
