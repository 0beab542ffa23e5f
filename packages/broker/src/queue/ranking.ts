import { Heap } from './heap.js';
import type { Lane } from './lane.js';

/** Lanes whose calls may go to the same processes, in two orders. */
export class Ranking {
  readonly #byUrgency = new Heap(goesBefore);
  readonly #byAge = new Heap(isOlder);

  /** The lane whose first call goes next. */
  get first(): Lane | undefined {
    return this.#byUrgency.first;
  }

  /** The lane with the call that has waited longest. */
  get oldest(): Lane | undefined {
    return this.#byAge.first;
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#byUrgency[Symbol.iterator]();
  }

  /** Adds the lane, or notes that its calls have changed. */
  update(lane: Lane): void {
    this.#byUrgency.update(lane);
    this.#byAge.update(lane);
  }

  delete(lane: Lane): void {
    this.#byUrgency.delete(lane);
    this.#byAge.delete(lane);
  }
}

/** Whether the first call of `a` goes before that of `b`. */
export function goesBefore(a: Lane, b: Lane): boolean {
  const [first, other] = [a.calls.first, b.calls.first];
  if (first === undefined || other === undefined) return first !== undefined;
  const [mine, its] = [first.options.priority, other.options.priority];
  return mine === its ? first.order < other.order : mine > its;
}

/** Whether `a` has a call that was submitted before all calls in `b`. */
export function isOlder(a: Lane, b: Lane): boolean {
  const [oldest, other] = [a.calls.oldest, b.calls.oldest];
  if (oldest === undefined || other === undefined) return oldest !== undefined;
  return oldest.order < other.order;
}
