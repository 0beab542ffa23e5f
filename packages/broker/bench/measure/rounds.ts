import { performance } from 'node:perf_hooks';

import type { Task } from '../tasks.js';
import type { Entrant } from './entrant.js';

/** The entrants and tasks of a run, and its length. */
export interface Plan {
  readonly entrants: readonly Entrant[];
  readonly tasks: readonly Task[];
  /** Total time to measure, in s. At least one round is always completed. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Length of the warm-up, as a share of the measured time. V8 still optimizes after thousands of calls. */
const WARM_UP = 0.5;

/**
 * Lets all entrants take turns, task by task, round after round, so that other load on the machine affects all of them
 * alike. Each round begins with another entrant. Otherwise an entrant would always follow the same other one, and might
 * pay for the collection of its garbage.
 * @returns The number of counted rounds.
 */
export async function takeRounds(plan: Plan): Promise<number> {
  await repeat(plan, WARM_UP * plan.seconds, (entrant, task) => entrant.warmUp(task));
  return repeat(plan, plan.seconds, (entrant, task) => entrant.turn(task));
}

/** @returns The number of rounds. */
async function repeat(
  { entrants, tasks, signal }: Plan,
  seconds: number,
  take: (entrant: Entrant, task: Task) => Promise<void>,
): Promise<number> {
  const end = performance.now() + 1000 * seconds;
  let rounds = 0;
  do {
    const first = rounds % entrants.length;
    const order = [...entrants.slice(first), ...entrants.slice(0, first)];
    for (const task of tasks) {
      for (const entrant of order) {
        if (signal.aborted) return rounds;
        await take(entrant, task);
      }
    }
    rounds++;
  } while (performance.now() < end);
  return rounds;
}
