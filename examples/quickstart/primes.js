/** Runs in the second process and blocks it while it computes. */
export default class Primes {
  /** @param {number} limit */
  countBelow(limit) {
    const composite = new Uint8Array(limit);
    let count = 0;
    for (let n = 2; n < limit; n++) {
      if (composite[n]) continue;
      count++;
      for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
    }
    return count;
  }
}
