/** How long to measure, and whom to tell. */
export interface Plan {
  /** How often those that are compared take turns. */
  readonly rounds: number;
  /** How long a turn is, compared with what gives steady figures. */
  readonly scale: number;
  /** Told what is being done. */
  readonly onProgress: (text: string) => void;
}

/** Has two take turns, so that whatever else the machine does weighs on both; each goes first every other time. */
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
