import type { PendingCall } from './pending-call.js';

/**
 * The unsettled calls, in the order in which they were added. A linked list through the calls themselves, not a Set: the
 * tables that a Set has outgrown keep their old entries alive until the next full collection (docs/benchmarks.md).
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
    // A dead call that was promoted to the old generation would keep all later calls alive.
    call.before = call.after = undefined;
    this.#size -= 1;
  }

  /** A copy of the list. */
  get all(): PendingCall[] {
    const all: PendingCall[] = [];
    for (let call = this.#first; call !== undefined; call = call.after) all.push(call);
    return all;
  }
}
