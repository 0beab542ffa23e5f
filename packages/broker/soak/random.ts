/** Seeded pseudorandom numbers: mulberry32, a generator with 32 bits of state by Tommy Ettinger (public domain). */
export class Random {
  #state: number;

  constructor(...seeds: readonly number[]) {
    this.#state = 0;
    // Mix after each seed, so that the order of the seeds matters: (1, 2) must differ from (2, 1).
    for (const seed of seeds) {
      this.#state = (this.#state ^ seed) | 0;
      this.#state = Math.floor(this.next() * 2 ** 32) | 0;
    }
  }

  /** A number from 0 (inclusive) to 1 (exclusive). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` to `most`, both inclusive. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** An integer from `least` to `most`. Each order of magnitude is equally likely. */
  magnitude(least: number, most: number): number {
    return Math.floor((least + 1) * ((most + 1) / (least + 1)) ** this.next()) - 1;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the names, with a probability in proportion to its weight. */
  pick<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights) as T[]; // a record's keys are its names
    let point = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      point -= weights[name];
      if (point < 0) return name;
    }
    throw new RangeError('pick() needs at least one name with a positive weight');
  }
}
