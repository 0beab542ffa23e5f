import type { ProcessExit } from './exit.js';
import type { LostCall } from './process-calls.js';

/** Why a process ends. */
export type Why = Pick<ProcessExit, 'reason' | 'cause'> & { readonly permanent?: boolean };

/** A process that is about to end. */
export interface Ending {
  /** The latest that is known about the reason. */
  readonly why: Why;
  /** Whether the broker wanted it to end before it gave a reason itself. */
  readonly dismissed: boolean;
  /** Whether it was sent a signal, or its channel was cut. Otherwise it was told to finish its calls. */
  readonly signalled: boolean;
}

/** @param before Set if it was about to end already. */
export function ending(why: Why, signalled: boolean, before: Ending | undefined): Ending {
  const isOwnWish = why.reason === 'requested' || why.reason === 'overdue';
  return {
    why,
    dismissed: before?.dismissed ?? isOwnWish,
    signalled: signalled || before?.signalled === true,
  };
}

/**
 * Whether a process that was told to finish its calls has ended for another reason. It kills itself if `process.exit` does
 * not work.
 * @param known What is known of its end.
 * @param load Number of calls that it still has.
 * @param signal The signal that ended it.
 */
export function isCrash(known: Ending, load: number, signal: NodeJS.Signals | null): boolean {
  if (known.why.reason !== 'requested' || known.signalled) return false;
  return load > 0 || (signal !== null && signal !== 'SIGKILL');
}

/** The call that was to start next when a process that ran no call ended by itself. */
export function suspectOf(reason: ProcessExit['reason'], lost: readonly LostCall[]): ProcessExit['suspect'] {
  const [first] = lost;
  if (first?.reached !== true || first.call.settled || lost.some(({ started }) => started)) return undefined;
  if (reason !== 'crash' && reason !== 'fatal' && reason !== 'memory') return undefined;
  const { key, method } = first.call;
  return { key, method };
}
