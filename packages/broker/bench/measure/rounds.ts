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

/** So long a part of the time that is measured do they warm up before: V8 goes on to compile for thousands of calls. */
const WARM_UP = 0.5;

/**
 * Has all entrants take turns, task by task, round after round: what else the machine does then disturbs all of
 * them alike. Each round begins with another entrant, so that none always follows the same one, whose garbage it
 * might have to collect.
 * @returns The number of rounds that count.
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
