interface Numbered {
  readonly id: number;
}

const LEAST_PLACES = 256;

/**
 * Finds items by a 32-bit number. Not a Map: the tables that a Map has outgrown keep their old entries alive until the
 * next full collection (docs/benchmarks.md).
 */
export class NumberedTable<T extends Numbered> {
  /** Indexed by the low bits of the number. */
  #places: (T | undefined)[] = emptyPlaces(LEAST_PLACES);
  #size = 0;
  #lastId = 0;

  get size(): number {
    return this.#size;
  }

  /** A number that no item has, and that was not used for a long time. */
  newId(): number {
    if (this.#size * 2 > this.#places.length) this.#grow();
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#lastId === 0 || this.#places[this.#placeOf(this.#lastId)] !== undefined);
    return this.#lastId;
  }

  /** Adds an item that has the latest number from `newId`. */
  add(item: T): void {
    this.#places[this.#placeOf(item.id)] = item;
    this.#size += 1;
  }

  get(id: number): T | undefined {
    const item = this.#places[this.#placeOf(id)];
    return item?.id === id ? item : undefined;
  }

  /** @returns false if the item is not in it. */
  delete(item: T): boolean {
    const place = this.#placeOf(item.id);
    if (this.#places[place] !== item) return false;
    this.#places[place] = undefined;
    this.#size -= 1;
    return true;
  }

  /** In the order in which they were added. */
  get all(): T[] {
    const age = ({ id }: T): number => (this.#lastId - id) >>> 0;
    return this.#places.filter((item) => item !== undefined).sort((a, b) => age(b) - age(a));
  }

  #grow(): void {
    const { all } = this;
    this.#places = emptyPlaces(this.#places.length * 2);
    for (const item of all) this.#places[this.#placeOf(item.id)] = item;
  }

  #placeOf(id: number): number {
    return id & (this.#places.length - 1);
  }
}

function emptyPlaces(length: number): undefined[] {
  return Array.from({ length }, () => undefined);
}
