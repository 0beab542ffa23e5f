import type { PendingCall } from '../call/call.js';
import { Fifo } from './fifo.js';

/** Calls that wait, highest priority first; equals in the order they were submitted. */
export class CallQueue {
  /** One line for each priority in use. */
  readonly #lines = new Map<number, Fifo<PendingCall>>();
  /** Priorities in use, highest first. */
  readonly #priorities: number[] = [];
  /** The same calls, whatever their priority. */
  readonly #all = new Fifo<PendingCall>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): PendingCall | undefined {
    const [highest] = this.#priorities;
    return highest === undefined ? undefined : this.#lines.get(highest)?.first;
  }

  /** The one that was submitted first, whatever its priority. */
  get oldest(): PendingCall | undefined {
    return this.#all.first;
  }

  /** The next one of the same priority. */
  after(call: PendingCall): PendingCall | undefined {
    return this.#lines.get(call.options.priority)?.after(call);
  }

  push(call: PendingCall): void {
    this.#lineOf(call).push(call);
    this.#all.push(call);
    this.#length += 1;
  }

  /** Puts a call that was taken, and did not start, back where it stood. */
  putBack(call: PendingCall): void {
    this.#lineOf(call).putBack(call);
    this.#all.putBack(call);
    this.#length += 1;
  }

  /** @returns false where the call does not wait here. */
  delete(call: PendingCall): boolean {
    const { priority } = call.options;
    const line = this.#lines.get(priority);
    if (line?.delete(call) !== true) return false;
    this.#all.delete(call);
    this.#length -= 1;
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
}
