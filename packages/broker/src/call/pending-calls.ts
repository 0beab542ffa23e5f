import type { PendingCall } from './call.js';

/**
 * Calls in the order they were added. A list of links within the calls rather than a Set: the tables that a Set has
 * outgrown keep what was in them alive until the next collection of all garbage, and calls come and go by the
 * ten thousand a second.
 */
export class PendingCalls {
  #first: PendingCall | undefined;
  #last: PendingCall | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: PendingCall): void {
    call.before = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.after = call;
    this.#last = call;
    this.#size += 1;
  }

  delete(call: PendingCall): void {
    const { before, after } = call;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // What is old and dead must not hold on to what is young.
    call.before = call.after = undefined;
    this.#size -= 1;
  }

  /** As they are now. */
  get all(): PendingCall[] {
    const all: PendingCall[] = [];
    for (let call = this.#first; call !== undefined; call = call.after) all.push(call);
    return all;
  }
}
