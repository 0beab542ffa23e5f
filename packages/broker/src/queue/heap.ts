/** A binary heap. Every operation takes O(log n). */
export class Heap<T extends object> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #values: T[] = [];
  readonly #places = new Map<T, number>();

  /** @param before Whether `a` comes before `b`. If the answer changes for a value, call `update` with it. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get first(): T | undefined {
    return this.#values[0];
  }

  /** In no particular order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#values.values();
  }

  /** Adds the value, or moves it to its new place if it is in the heap. */
  update(value: T): void {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.#values.length;
      this.#set(place, value);
    }
    this.#sink(this.#rise(place));
  }

  /** @returns false if the value is not in the heap. */
  delete(value: T): boolean {
    const place = this.#places.get(value);
    if (place === undefined) return false;
    const last = this.#values.pop();
    this.#places.delete(value);
    if (last === undefined || last === value) return true;
    this.#set(place, last);
    this.#sink(this.#rise(place));
    return true;
  }

  /** @returns The new place. */
  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#swapIfBefore(place, parent)) break;
      place = parent;
    }
    return place;
  }

  #sink(from: number): void {
    for (let place = from, child = 0; ; place = child) {
      child = 2 * place + 1;
      const [left, right] = [this.#values[child], this.#values[child + 1]];
      if (left === undefined) return;
      if (right !== undefined && this.#before(right, left)) child += 1;
      if (!this.#swapIfBefore(child, place)) return;
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    const [below, above] = [this.#values[lower], this.#values[upper]];
    if (below === undefined || above === undefined || !this.#before(below, above)) return false;
    this.#set(upper, below);
    this.#set(lower, above);
    return true;
  }

  #set(place: number, value: T): void {
    this.#values[place] = value;
    this.#places.set(value, place);
  }
}
