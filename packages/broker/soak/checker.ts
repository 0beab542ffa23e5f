import { unexplained } from './explain.js';
import type { History, Outcome, Submission } from './history.js';
import type { Start } from './journal.js';
import type { Shape } from './plan.js';

/** The broken guarantee. */
export type Broken =
  | 'lost' // a call never settled
  | 'doubled' // a call settled twice, or its state contradicts its outcome
  | 'misdelivered' // a caller received the outcome of another call, or damaged bytes
  | 'rerun' // a call ran more often than its caller allowed
  | 'disorder' // calls of equal priority did not start in the order of their submission
  | 'denied' // an error says that the call did not start, but it ran
  | 'invented' // a caller received a result, but the call never ran
  | 'widened' // the end of a process cost more calls than it ran at once
  | 'unexplained' // nothing in the plan explains the outcome
  | 'orphan' // a child process was left
  | 'leak' // file descriptors were left open
  | 'mishap'; // see `mishaps.ts`

export interface Violation {
  readonly broken: Broken;
  readonly detail: string;
}

/** Finds all violations in the life of one broker. */
export function check(history: History): Violation[] {
  const { submissions, starts, shape, mishaps, leftovers } = history;
  const runs = groupBy(starts, ({ id }) => id);
  const callers = groupBy(submissions, ({ plan }) => plan.id);
  return [
    ...submissions.flatMap((submission) => checkSettled(submission)),
    ...submissions.flatMap((submission) => {
      const repeated = (callers.get(submission.plan.id) ?? []).length > 1;
      return checkOutcome(submission, runs.get(submission.plan.id) ?? [], { ...history, repeated });
    }),
    ...[...runs].flatMap(([id, ran]) => checkRuns(id, ran, callers.get(id) ?? [])),
    ...checkOrder(starts, shape, callers),
    ...checkLosses(submissions, shape),
    ...leftovers.children.map((pid) => violation('orphan', `process ${pid} is left`)),
    ...(leftovers.descriptors > 0
      ? [violation('leak', `${leftovers.descriptors} file descriptors are left open`)]
      : []),
    ...mishaps.map((mishap) => violation('mishap', mishap)),
  ];
}

function checkSettled({ plan, outcomes, state }: Submission): Violation[] {
  const [outcome, second] = outcomes;
  if (outcome === undefined) return [violation('lost', `call ${plan.id} (${plan.act}) never settled`)];
  if (second !== undefined) return [violation('doubled', `call ${plan.id} settled ${outcomes.length} times`)];
  const kept = outcome.kind === 'error' || state === undefined || state === 'succeeded';
  return kept ? [] : [violation('doubled', `call ${plan.id} returned a result, but is now ${state}`)];
}

function checkOutcome(
  { plan, outcomes }: Submission,
  runs: readonly Start[],
  context: { boundedQueue: boolean; repeated: boolean; submissions: readonly Submission[] },
): Violation[] {
  return outcomes.flatMap((outcome) => {
    const of = `call ${plan.id} (${plan.act}): ${describe(outcome)}`;
    if (outcome.kind === 'result') {
      if (outcome.id !== plan.id || !outcome.intact) return [violation('misdelivered', of)];
      if (runs.length === 0) return [violation('invented', of)];
    } else if (outcome.started === false && runs.length > 0 && !context.repeated) {
      return [violation('denied', of)];
    }
    const why = unexplained(outcome, plan, context);
    return why === undefined ? [] : [violation(why, of)];
  });
}

/** Each accepted call may run once, and once more for each retry. */
function checkRuns(id: number, runs: readonly Start[], callers: readonly Submission[]): Violation[] {
  const accepted = acceptedCalls(callers);
  const retries = Math.max(0, ...callers.map(({ plan }) => plan.retries));
  return [...groupBy(runs, ({ attempt }) => attempt)].flatMap(([attempt, same]) => {
    if (same.length <= accepted.size && attempt <= retries) return [];
    const where = same.map(({ pid }) => pid).join(', ');
    const allowed = `${accepted.size} calls with ${retries} retries`;
    return [violation('rerun', `call ${id}, attempt ${attempt}, ran in ${where}; allowed: ${allowed}`)];
  });
}

/**
 * Checks the order only for a single process. With several, a process may end before it starts a call that was sent to
 * it. That call then starts in another process, after younger calls.
 */
function checkOrder(
  starts: readonly Start[],
  { processes }: Shape,
  callers: ReadonlyMap<number, Submission[]>,
): Violation[] {
  if (processes > 1) return [];
  const latest = new Map<number, { call: number; id: number }>();
  const seen = new Set<number>();
  return starts.flatMap(({ id }) => {
    const accepted = acceptedCalls(callers.get(id) ?? []);
    const [call] = accepted;
    const priority = callers.get(id)?.[0]?.plan.priority;
    // If two accepted calls had the same id, the journal does not show which of them started.
    if (call === undefined || priority === undefined || accepted.size > 1 || seen.has(id)) return [];
    seen.add(id);
    const before = latest.get(priority);
    latest.set(priority, { call, id });
    if (before === undefined || before.call < call) return [];
    return [
      violation('disorder', `call ${id} started after call ${before.id}, both of priority ${priority}`),
    ];
  });
}

/** The end of a process can cost no more calls than it runs at once. */
function checkLosses(submissions: readonly Submission[], { concurrency }: Shape): Violation[] {
  const lost = new Map<number, Set<number>>();
  for (const { call, plan, outcomes } of submissions) {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'error' || outcome.code !== 'ERR_DUAL_PROCESS_EXIT') continue;
      const calls = lost.get(outcome.pid ?? 0) ?? new Set();
      lost.set(outcome.pid ?? 0, calls.add(call ?? plan.id));
    }
  }
  return [...lost].flatMap(([pid, calls]) =>
    calls.size <= concurrency ? [] : [violation('widened', `process ${pid} took ${calls.size} calls along`)],
  );
}

/** The distinct calls that the broker accepted. */
function acceptedCalls(callers: readonly Submission[]): Set<number> {
  const calls = new Set<number>();
  for (const { call, outcomes } of callers) {
    if (call !== undefined && !outcomes.some(isRefusal)) calls.add(call);
  }
  return calls;
}

function isRefusal(outcome: Outcome): boolean {
  if (outcome.kind === 'result') return false;
  const { code, message } = outcome;
  if (code === 'ERR_DUAL_BROKER_CLOSED') return message.includes('takes no more calls');
  return code === 'ERR_DUAL_QUEUE_FULL' || code === 'ERR_DUAL_DUPLICATE_KEY';
}

function describe(outcome: Outcome): string {
  if (outcome.kind === 'result')
    return `the result of ${outcome.id}, ${outcome.intact ? 'intact' : 'damaged'}`;
  const { code = 'an error of the pipeline', message, started } = outcome;
  return `${code}, started ${String(started)}: ${message}`;
}

function violation(broken: Broken, detail: string): Violation {
  return { broken, detail };
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
