import type { CallState } from '@dual/broker';

import type { Start } from './journal.js';
import type { Leftovers } from './leftovers.js';
import type { CallPlan, Shape } from './plan.js';

/** What one caller was told. */
export type Outcome =
  /** @member intact Whether what was sent, and what came back, are those of the call. */
  | { readonly kind: 'result'; readonly id: number; readonly intact: boolean }
  | {
      readonly kind: 'error';
      readonly code: string | undefined;
      readonly message: string;
      readonly started: boolean | undefined;
      readonly pid: number | undefined;
    };

/** One caller's request: it may have joined the call of another. */
export interface Submission {
  readonly plan: CallPlan;
  /** Which call it became, counted in the order the broker took them; `undefined` where it was refused. */
  readonly call: number | undefined;
  readonly outcomes: Outcome[];
  /** What the broker says of the call when all is over, where the caller has a `Call`. */
  state: CallState | undefined;
}

/** All that can be known about one broker's life. */
export interface History {
  readonly submissions: readonly Submission[];
  readonly starts: readonly Start[];
  readonly shape: Shape;
  /** Queue and messages bounded: which refusals are to be expected. */
  readonly boundedQueue: boolean;
  /** Unhandled rejections, uncaught errors, promises of the broker's that never settled. */
  readonly mishaps: readonly string[];
  readonly leftovers: Leftovers;
}
