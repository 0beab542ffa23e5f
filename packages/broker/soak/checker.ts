import { unexplained } from './explain.js';
import type { History, Outcome, Submission } from './history.js';
import type { Start } from './journal.js';
import type { CallPlan, Shape } from './plan.js';

/** The broken guarantee. */
export type Broken =
  | 'lost' // a call never settled
  | 'doubled' // a call settled twice, or its state contradicts its outcome
  | 'misdelivered' // a caller received the outcome, a chunk or the progress of another call, or damaged bytes
  | 'rerun' // a call ran more often than its caller allowed
  | 'disorder' // calls of one queue and priority did not start in the order of their submission
  | 'strayed' // a call ran in another process than those of its affinity before it
  | 'denied' // an error says that the call did not start, but it ran
  | 'invented' // a caller received a result, but the call never ran
  | 'widened' // the end of a process cost more calls, or batches, than it ran at once
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
    ...checkAffinities(starts, shape, callers),
    ...checkLosses(submissions, starts, shape),
    ...submissions.flatMap(({ plan, wrongProgress }) =>
      wrongProgress.map((wrong) => violation('misdelivered', `progress of call ${plan.id}: ${wrong}`)),
    ),
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
    if (outcome.kind !== 'error') {
      const isOwn = outcome.kind === 'left' || outcome.id === plan.id;
      if (!isOwn || !outcome.intact) return [violation('misdelivered', of)];
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

/** Each call starts after those of its queue that were submitted before it. */
function checkOrder(
  starts: readonly Start[],
  shape: Shape,
  callers: ReadonlyMap<number, Submission[]>,
): Violation[] {
  const latest = new Map<string, { call: number; id: number }>();
  const seen = new Set<number>();
  return starts.flatMap(({ id }) => {
    const accepted = acceptedCalls(callers.get(id) ?? []);
    const [call] = accepted;
    const plan = callers.get(id)?.[0]?.plan;
    const queue = plan && queueOf(plan, shape);
    // If two accepted calls had the same id, the journal does not show which of them started.
    if (call === undefined || queue === undefined || accepted.size > 1 || seen.has(id)) return [];
    seen.add(id);
    const before = latest.get(queue);
    latest.set(queue, { call, id });
    if (before === undefined || before.call < call) return [];
    return [violation('disorder', `call ${id} started after call ${before.id}, both of the queue ${queue}`)];
  });
}

/**
 * The calls among which the order is certain. With several processes that is an affinity: of other calls, one that was sent
 * to a process that ends before it starts them will start elsewhere, after younger ones.
 */
function queueOf({ kind, priority, affinity }: CallPlan, { processes }: Shape): string | undefined {
  if (processes > 1) return affinity && `${affinity}, priority ${priority}`;
  return `${kind === 'batched' ? 'batches' : 'others'}, priority ${priority}`;
}

/** The calls of an affinity never return to a process that they have left: they leave only one that has ended. */
function checkAffinities(
  starts: readonly Start[],
  { processes }: Shape,
  callers: ReadonlyMap<number, Submission[]>,
): Violation[] {
  if (processes === 1) return [];
  const pids = new Map<string, Set<number>>();
  const latest = new Map<string, number>();
  return starts.flatMap(({ id, pid }) => {
    const affinity = callers.get(id)?.[0]?.plan.affinity;
    if (affinity === undefined || latest.get(affinity) === pid) return [];
    latest.set(affinity, pid);
    const before = pids.get(affinity) ?? new Set<number>();
    const strayed = before.has(pid);
    pids.set(affinity, before.add(pid));
    return strayed
      ? [violation('strayed', `call ${id} of the affinity ${affinity} returned to process ${pid}`)]
      : [];
  });
}

/** The end of a process can cost no more calls, or batches, than it runs at once. */
function checkLosses(
  submissions: readonly Submission[],
  starts: readonly Start[],
  { concurrency }: Shape,
): Violation[] {
  const runs = new Map(starts.map(({ id, pid, run }) => [`${id} in ${pid}`, run]));
  const lost = new Map<number, Set<string>>();
  for (const { call, plan, outcomes } of submissions) {
    for (const outcome of outcomes) {
      if (outcome.kind !== 'error' || !isExit(outcome.code)) continue;
      const { pid = 0 } = outcome;
      const run = runs.get(`${plan.id} in ${pid}`);
      // The process may have ended before it noted the start of a batch. Then nobody knows its calls.
      const unseen = plan.kind === 'batched' ? 'a batch' : `call ${call ?? plan.id}`;
      const known = lost.get(pid) ?? new Set();
      lost.set(pid, known.add(run === undefined ? unseen : `run ${run}`));
    }
  }
  return [...lost].flatMap(([pid, calls]) =>
    calls.size <= concurrency ? [] : [violation('widened', `process ${pid} took ${calls.size} calls along`)],
  );
}

function isExit(code: string | undefined): boolean {
  return code === 'ERR_DUAL_PROCESS_EXIT' || code === 'ERR_DUAL_MEMORY_LIMIT';
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
  if (outcome.kind !== 'error') return false;
  const { code, message } = outcome;
  if (code === 'ERR_DUAL_BROKER_CLOSED') return message.includes('takes no more calls');
  return code === 'ERR_DUAL_QUEUE_FULL' || code === 'ERR_DUAL_DUPLICATE_KEY';
}

function describe(outcome: Outcome): string {
  if (outcome.kind === 'left') return `its reader left, with chunks that were ${intactness(outcome)}`;
  if (outcome.kind === 'result') return `the result of ${outcome.id}, ${intactness(outcome)}`;
  const { code = 'an error of the pipeline', message, started } = outcome;
  return `${code}, started ${String(started)}: ${message}`;
}

function intactness({ intact }: { readonly intact: boolean }): string {
  return intact ? 'intact' : 'damaged';
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
