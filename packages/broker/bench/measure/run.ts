import type { Contender } from '../contender.js';
import type { Outcome } from '../report/outcome.js';
import { summarize } from '../stats.js';
import type { Task } from '../tasks.js';
import { Entrant } from './entrant.js';
import { takeRounds } from './rounds.js';

/** The contenders and tasks to measure, and for how long. */
export interface Assignment {
  readonly contenders: readonly Contender[];
  readonly tasks: readonly Task[];
  /** Total time to measure, in s, after the warm-up. */
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Receives a line of text at the start of each step. */
  readonly onProgress: (text: string) => void;
}

/** Opens all contenders, lets them take their turns, and always closes them. */
export async function run(assignment: Assignment): Promise<Outcome> {
  const { contenders, tasks, seconds, signal, onProgress } = assignment;
  const entrants = contenders.map((contender) => new Entrant(contender));
  try {
    for (const entrant of entrants) {
      if (signal.aborted) break;
      onProgress(`starting ${entrant.contender.title}`);
      await entrant.open(tasks);
    }
    onProgress(`measuring for ${seconds} s, after a warm-up`);
    const rounds = await takeRounds({ entrants, tasks, seconds, signal });
    await Promise.all(entrants.map((entrant) => entrant.close()));
    return {
      rounds,
      tasks,
      lines: entrants.map(({ contender, failure, turns }) => ({
        contender,
        failure,
        summaries: new Map([...turns].map(([{ name }, all]) => [name, summarize(all)])),
      })),
    };
  } finally {
    await Promise.all(entrants.map((entrant) => entrant.close()));
  }
}
