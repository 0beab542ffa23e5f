import type { PendingCall } from '../call/pending-call.js';
import { Fifo } from './fifo.js';
import { Heap } from './heap.js';

/** The waiting calls of one priority. */
interface Line {
  readonly priority: number;
  readonly calls: Fifo<PendingCall>;
}

/** Waiting calls, highest priority first. Calls of equal priority keep the order of submission. */
export class CallQueue {
  /** By priority. A line that becomes empty is removed. */
  readonly #lines = new Map<number, Line>();
  readonly #byPriority = new Heap<Line>((a, b) => a.priority > b.priority);
  /** By the age of their first calls. */
  readonly #byAge = new Heap<Line>((a, b) => orderOf(a) < orderOf(b));
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): PendingCall | undefined {
    return this.#byPriority.first?.calls.first;
  }

  /** The call that was submitted first, whatever its priority. */
  get oldest(): PendingCall | undefined {
    return this.#byAge.first?.calls.first;
  }

  /** The next call of the same priority. */
  after(call: PendingCall): PendingCall | undefined {
    return this.#lines.get(call.options.priority)?.calls.after(call);
  }

  push(call: PendingCall): void {
    const line = this.#lineOf(call);
    line.calls.push(call);
    this.#added(line, call);
  }

  /** Puts a call that was taken, and did not start, back to its place. */
  putBack(call: PendingCall): void {
    const line = this.#lineOf(call);
    line.calls.putBack(call);
    this.#added(line, call);
  }

  /** @returns false if the call does not wait here. */
  delete(call: PendingCall): boolean {
    const { priority } = call.options;
    const line = this.#lines.get(priority);
    if (line === undefined) return false;
    const wasFirst = line.calls.first === call;
    if (!line.calls.delete(call)) return false;
    this.#length -= 1;
    if (line.calls.first === undefined) {
      this.#lines.delete(priority);
      this.#byPriority.delete(line);
      this.#byAge.delete(line);
    } else if (wasFirst) {
      this.#byAge.update(line);
    }
    return true;
  }

  #lineOf(call: PendingCall): Line {
    const { priority } = call.options;
    let line = this.#lines.get(priority);
    if (line === undefined) {
      line = { priority, calls: new Fifo() };
      this.#lines.set(priority, line);
    }
    return line;
  }

  #added(line: Line, call: PendingCall): void {
    this.#length += 1;
    if (line.calls.first !== call) return;
    this.#byPriority.update(line);
    this.#byAge.update(line);
  }
}

function orderOf({ calls }: Line): number {
  return calls.first?.order ?? Infinity;
}
