import type { LoadPoint } from './batching.js';
import type { StatisticsFigures } from './statistics.js';

/** What a run found out; rates are a second. */
export interface Outcome {
  readonly rounds: number;
  readonly batching: readonly LoadPoint[];
  /** Calls that keep a core busy. */
  readonly processes: { readonly one: number; readonly two: number };
  /** Chunks of 1 KB. */
  readonly streaming: { readonly stream: number; readonly pipe: number };
  readonly statistics: StatisticsFigures;
}
