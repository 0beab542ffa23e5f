import type { Contender } from '../contender.js';
import type { Summary } from '../stats.js';
import type { Task } from '../tasks.js';

/** What a run found out. */
export interface Outcome {
  readonly rounds: number;
  readonly tasks: readonly Task[];
  /** One a contender; the first is what the others are compared with. */
  readonly lines: readonly Line[];
}

/** What it found out about one contender. */
export interface Line {
  readonly contender: Contender;
  /** What went wrong; its figures up to then are kept. */
  readonly failure: string | undefined;
  /** By the name of the task. */
  readonly summaries: ReadonlyMap<string, Summary>;
}
