import type { PendingCall } from '../call.js';
import { Fifo } from './fifo.js';

/** Calls that wait, highest priority first; equals in the order they were submitted. */
export class CallQueue {
  /** One line for each priority in use. */
  readonly #lines = new Map<number, Fifo<PendingCall>>();
  /** Priorities in use, highest first. */
  readonly #priorities: number[] = [];
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Of the arguments of all that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  push(call: PendingCall): void {
    this.#lineOf(call).push(call);
    this.#count(call, 1);
  }

  /** Puts calls that were taken, and did not start, back where they stood. In the order they were taken. */
  putBack(calls: readonly PendingCall[]): void {
    for (const call of calls.toReversed()) {
      this.#lineOf(call).unshift(call);
      this.#count(call, 1);
    }
  }

  shift(): PendingCall | undefined {
    const [highest] = this.#priorities;
    const call = highest === undefined ? undefined : this.#lines.get(highest)?.first;
    if (call !== undefined) this.delete(call);
    return call;
  }

  /** @returns false where the call does not wait here. */
  delete(call: PendingCall): boolean {
    const { priority } = call.options;
    const line = this.#lines.get(priority);
    if (line?.delete(call) !== true) return false;
    this.#count(call, -1);
    if (line.first === undefined) {
      this.#lines.delete(priority);
      this.#priorities.splice(this.#placeOf(priority), 1);
    }
    return true;
  }

  #lineOf(call: PendingCall): Fifo<PendingCall> {
    const { priority } = call.options;
    let line = this.#lines.get(priority);
    if (line === undefined) {
      line = new Fifo();
      this.#lines.set(priority, line);
      this.#priorities.splice(this.#placeOf(priority), 0, priority);
    }
    return line;
  }

  /** Where the priority stands, or would stand, among those in use. */
  #placeOf(priority: number): number {
    let low = 0;
    let high = this.#priorities.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#priorities[middle] ?? -Infinity) > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #count(call: PendingCall, by: 1 | -1): void {
    this.#length += by;
    this.#bytes += by * call.bytes;
  }
}
