/** How long to measure. */
export interface Plan {
  /** Number of rounds. In a round, each of the compared alternatives takes a turn. */
  readonly rounds: number;
  /** Length of a turn, relative to the length that gives steady figures. */
  readonly scale: number;
  /** Receives a line of text at the start of each step. */
  readonly onProgress: (text: string) => void;
}

/** Alternates between two measurements, and swaps their order in each round, so that other load affects both alike. */
export async function turns<T>(
  rounds: number,
  first: () => Promise<T>,
  second: () => Promise<T>,
): Promise<[first: T[], second: T[]]> {
  const results: [T[], T[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      results[0].push(await first());
      results[1].push(await second());
    } else {
      results[1].push(await second());
      results[0].push(await first());
    }
  }
  return results;
}
