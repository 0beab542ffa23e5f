import { performance } from 'node:perf_hooks';
import type { Task } from '../tasks.js';
import type { Entrant } from './entrant.js';

/** What the turns are for. */
export interface Plan {
  readonly entrants: readonly Entrant[];
  readonly tasks: readonly Task[];
  /** How long to measure altogether, in seconds; one round is always made. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * Has all entrants take turns, task by task, round after round: what else the machine does then disturbs all of
 * them alike. Each round begins with another entrant, so that none always follows the same one, whose garbage it
 * might have to collect.
 * @returns The number of rounds.
 */
export async function takeRounds({ entrants, tasks, seconds, signal }: Plan): Promise<number> {
  for (const task of tasks) {
    for (const entrant of entrants) {
      if (signal.aborted) return 0;
      await entrant.warmUp(task);
    }
  }
  const end = performance.now() + 1000 * seconds;
  let rounds = 0;
  do {
    const first = rounds % entrants.length;
    const order = [...entrants.slice(first), ...entrants.slice(0, first)];
    for (const task of tasks) {
      for (const entrant of order) {
        if (signal.aborted) return rounds;
        await entrant.turn(task);
      }
    }
    rounds++;
  } while (performance.now() < end);
  return rounds;
}
