/** Numbers that a seed determines: mulberry32, a generator of 32 bits of state by Tommy Ettinger (public domain). */
export class Random {
  #state: number;

  constructor(...seeds: readonly number[]) {
    this.#state = 0;
    // Each seed is stirred in, so that round 1 of seed 2 is not round 2 of seed 1.
    for (const seed of seeds) {
      this.#state = (this.#state ^ seed) | 0;
      this.#state = Math.floor(this.next() * 2 ** 32) | 0;
    }
  }

  /** From 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** The same, where small numbers are as likely as big ones: every order of magnitude has its share. */
  magnitude(least: number, most: number): number {
    return Math.floor((least + 1) * ((most + 1) / (least + 1)) ** this.next()) - 1;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the names, as often as its weight says. */
  pick<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights) as T[]; // a record's keys are its names
    let point = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    for (const name of names) {
      point -= weights[name];
      if (point < 0) return name;
    }
    throw new RangeError('there is nothing to pick from');
  }
}
