import type { Outcome, Submission } from './history.js';
import type { Act, CallPlan } from './plan.js';
import { isHarmless } from './plan-call.js';

export interface Circumstances {
  readonly boundedQueue: boolean;
  /** Whether the call was submitted more than once. */
  readonly repeated: boolean;
  readonly submissions: readonly Submission[];
}

/** Faulty acts that return a result, unless another fault prevents it. */
const ANSWERED: readonly Act[] = ['heed', 'lateCrash', 'answerThenDie', 'dieNext', 'flood'];

/**
 * Looks for a reason for the outcome in the plan.
 * @returns The violation, or `undefined` if the plan explains the outcome.
 */
export function unexplained(
  outcome: Outcome,
  plan: CallPlan,
  { boundedQueue, repeated, submissions }: Circumstances,
): 'unexplained' | 'misdelivered' | undefined {
  const { id, act, retries, deaths, cancel, timeout, queueTimeout } = plan;
  const unless = (explained: boolean) => (explained ? undefined : 'unexplained');
  if (outcome.kind === 'left') return unless(plan.reader?.leavesAfter !== undefined);
  if (outcome.kind === 'result') {
    const dies = act === 'exit' || act === 'die';
    return unless(isHarmless(act) || ANSWERED.includes(act) || (dies && deaths <= retries));
  }
  switch (outcome.code) {
    case 'ERR_DUAL_PROCESS_EXIT':
      return unless(outcome.started === true && outcome.pid !== undefined);
    case 'ERR_DUAL_MEMORY_LIMIT':
      return unless(outcome.started === true && outcome.pid !== undefined && has(submissions, 'hog'));
    case 'ERR_DUAL_PROTOCOL':
      return unless(outcome.started === true && has(submissions, 'garbage'));
    case 'ERR_DUAL_CALL_CANCELLED':
      return unless(cancel !== undefined);
    case 'ERR_DUAL_CALL_TIMEOUT':
      return unless(timeout !== undefined);
    case 'ERR_DUAL_QUEUE_TIMEOUT':
      return unless(queueTimeout !== undefined);
    case 'ERR_DUAL_QUEUE_FULL':
      return unless(boundedQueue);
    case 'ERR_DUAL_DUPLICATE_KEY':
      return unless(repeated);
    case 'ERR_DUAL_BROKER_CLOSED':
      return undefined; // every round closes its broker
    case undefined:
      return ofThePipeline(outcome.message, { id, act }, submissions);
    default:
      return 'unexplained';
  }
}

/** Checks an error of the pipeline. Its message contains the id of the call that threw it. */
function ofThePipeline(
  message: string,
  { id, act }: Pick<CallPlan, 'id' | 'act'>,
  submissions: readonly Submission[],
): 'unexplained' | 'misdelivered' | undefined {
  // The call that set the timer has ended, so the broker blames the call that is running.
  if (/^soak: late crash of \d+$/.test(message)) {
    return has(submissions, 'lateCrash') ? undefined : 'unexplained';
  }
  const [, whose] = /^soak: (?:thrown by|crash of) (\d+)$/.exec(message) ?? [];
  if (whose === undefined) return 'unexplained';
  if (Number(whose) !== id) return endedEarly(Number(whose), submissions) ? undefined : 'misdelivered';
  return act === 'throw' || act === 'crash' || act === 'reject' ? undefined : 'unexplained';
}

/** If another fault ends a call with the act `crash` first, the timer of that call may crash a later call. */
function endedEarly(id: number, submissions: readonly Submission[]): boolean {
  const callers = submissions.filter(({ plan }) => plan.id === id && plan.act === 'crash');
  return callers.some(({ outcomes }) =>
    outcomes.every((outcome) => outcome.kind === 'error' && !outcome.message.endsWith(`crash of ${id}`)),
  );
}

function has(submissions: readonly Submission[], act: Act): boolean {
  return submissions.some(({ plan }) => plan.act === act);
}
