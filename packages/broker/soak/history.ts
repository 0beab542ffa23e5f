import type { CallState } from '@dual/broker';

import type { Start } from './journal.js';
import type { Leftovers } from './leftovers.js';
import type { CallPlan, Shape } from './plan.js';

/** The result or error that one caller received. */
export type Outcome =
  /** `intact`: the child received the bytes of this call, and so did the caller. */
  | { readonly kind: 'result'; readonly id: number; readonly intact: boolean }
  /** The reader of a stream has left. `intact`: the chunks that it read are those of this call, in order. */
  | { readonly kind: 'left'; readonly intact: boolean }
  | {
      readonly kind: 'error';
      readonly code: string | undefined;
      readonly message: string;
      readonly started: boolean | undefined;
      readonly pid: number | undefined;
    };

/** One caller's request. It may have joined the call of another caller. */
export interface Submission {
  readonly plan: CallPlan;
  /** Number of the call in the order of submission, or `undefined` if it is unknown. Joined callers share it. */
  readonly call: number | undefined;
  /** Has one element, unless the broker loses the call or settles it twice. */
  readonly outcomes: Outcome[];
  /** What was wrong with its progress values. */
  readonly wrongProgress: string[];
  /** Final state of the call, if the caller has a `Call` to read it from. */
  state: CallState | undefined;
}

/** Everything that the soak knows about the life of one broker. */
export interface History {
  readonly submissions: readonly Submission[];
  readonly starts: readonly Start[];
  readonly shape: Shape;
  /** Whether the queue is bounded, so that the broker may refuse calls. */
  readonly boundedQueue: boolean;
  /** Unhandled rejections, uncaught errors, warnings, and promises of the broker that never settled. */
  readonly mishaps: readonly string[];
  readonly leftovers: Leftovers;
}
