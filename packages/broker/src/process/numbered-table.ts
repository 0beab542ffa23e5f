/** What is kept under a number. */
interface Numbered {
  readonly id: number;
}

const LEAST_PLACES = 256;

/**
 * Finds what was sent by its number, of 32 bits. Not a Map: the tables that a Map has outgrown keep what was in them
 * alive until the next collection of all garbage, and calls come and go by the ten thousand a second.
 */
export class NumberedTable<T extends Numbered> {
  /** Each in the place of the last bits of its number. */
  #places: (T | undefined)[] = emptyPlaces(LEAST_PLACES);
  #size = 0;
  #lastId = 0;

  get size(): number {
    return this.#size;
  }

  /** A number that nothing here has, and that was not given for long. */
  newId(): number {
    if (this.#size * 2 > this.#places.length) this.#grow();
    do this.#lastId = (this.#lastId + 1) >>> 0;
    while (this.#lastId === 0 || this.#places[this.#placeOf(this.#lastId)] !== undefined);
    return this.#lastId;
  }

  /** Adds what has the number that was given last. */
  add(item: T): void {
    this.#places[this.#placeOf(item.id)] = item;
    this.#size += 1;
  }

  get(id: number): T | undefined {
    const item = this.#places[this.#placeOf(id)];
    return item?.id === id ? item : undefined;
  }

  /** @returns false where it is not here. */
  delete(item: T): boolean {
    const place = this.#placeOf(item.id);
    if (this.#places[place] !== item) return false;
    this.#places[place] = undefined;
    this.#size -= 1;
    return true;
  }

  /** In the order they were added. */
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
