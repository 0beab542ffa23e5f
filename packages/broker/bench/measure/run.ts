import type { Contender } from '../contender.js';
import type { Outcome } from '../report/outcome.js';
import { summarize } from '../stats.js';
import type { Task } from '../tasks.js';
import { Entrant } from './entrant.js';
import { takeRounds } from './rounds.js';

/** What to measure. */
export interface Assignment {
  readonly contenders: readonly Contender[];
  readonly tasks: readonly Task[];
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Told what is being done. */
  readonly onProgress: (text: string) => void;
}

/** Opens all contenders, has them take their turns, and closes them, whatever happens. */
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
