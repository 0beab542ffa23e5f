import type { LoadPoint } from './batching.js';
import type { StatisticsFigures } from './statistics.js';

/** The results of a run. */
export interface Outcome {
  readonly rounds: number;
  readonly batching: readonly LoadPoint[];
  /** Calls per second of work that keeps a core busy. */
  readonly processes: { readonly one: number; readonly two: number };
  /** Chunks of 1 KB per second. */
  readonly streaming: { readonly stream: number; readonly pipe: number };
  readonly statistics: StatisticsFigures;
}
