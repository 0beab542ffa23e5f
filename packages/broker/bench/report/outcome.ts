import type { Contender } from '../contender.js';
import type { Summary } from '../stats.js';
import type { Task } from '../tasks.js';

/** The results of a run. */
export interface Outcome {
  readonly rounds: number;
  readonly tasks: readonly Task[];
  /** One per contender. The others are compared with the first one. */
  readonly lines: readonly Line[];
}

/** The results of one contender. */
export interface Line {
  readonly contender: Contender;
  /** The message of the error that ended its participation, if any. Its figures up to then are kept. */
  readonly failure: string | undefined;
  /** Figures by the name of the task. */
  readonly summaries: ReadonlyMap<string, Summary>;
}
