import { expect, test } from '@jest/globals';

import { check } from '../../soak/checker.js';
import type { History, Outcome, Submission } from '../../soak/history.js';
import type { CallPlan } from '../../soak/plan.js';
import { ProgressCheck } from '../../soak/progress-check.js';

const PLAN: CallPlan = {
  id: 1,
  kind: 'plain',
  act: 'echo',
  ms: 0,
  sendBytes: 0,
  returnBytes: 0,
  deaths: 1,
  style: 'submit',
  keyed: false,
  priority: 0,
  affinity: undefined,
  reports: 0,
  reader: undefined,
  retries: 0,
  timeout: undefined,
  queueTimeout: undefined,
  cancel: undefined,
};

function result(id: number): Outcome {
  return { kind: 'result', id, intact: true };
}

function failure(code: string | undefined, details: Partial<Outcome & { kind: 'error' }> = {}): Outcome {
  return { kind: 'error', code, message: '', started: true, pid: 100, ...details };
}

function submission(plan: Partial<CallPlan>, ...outcomes: Outcome[]): Submission {
  const whole = { ...PLAN, ...plan };
  return { plan: whole, call: whole.id, outcomes, wrongProgress: [], state: undefined };
}

/** The violations in a history that is correct except for the given parts. */
function broken(history: Partial<History>): string[] {
  const submissions = history.submissions ?? [
    submission({ id: 1 }, result(1)),
    submission({ id: 2 }, result(2)),
  ];
  const starts = submissions.map(({ plan }) => ({ id: plan.id, attempt: 0, pid: 100, run: plan.id }));
  const whole = {
    submissions,
    starts,
    shape: { processes: 1, concurrency: 1 },
    boundedQueue: false,
    mishaps: [],
    leftovers: { children: [], descriptors: 0 },
    ...history,
  };
  return check(whole).map((violation) => violation.broken);
}

test('accepts a correct history', () => {
  expect(broken({})).toEqual([]);
});

test('reports a call that never settled as lost', () => {
  expect(broken({ submissions: [submission({})] })).toEqual(['lost']);
});

test('reports a call as doubled if it settled twice, or if its state contradicts its outcome', () => {
  expect(broken({ submissions: [submission({}, result(1), result(1))] })).toEqual(['doubled']);
  expect(broken({ submissions: [{ ...submission({}, result(1)), state: 'failed' }] })).toEqual(['doubled']);
});

test('reports a result or an error of another call, or damaged bytes, as misdelivered', () => {
  expect(broken({ submissions: [submission({}, result(2))] })).toEqual(['misdelivered']);
  const thrown = failure(undefined, { message: 'soak: thrown by 2' });
  expect(broken({ submissions: [submission({ act: 'throw' }, thrown)] })).toEqual(['misdelivered']);
  const damaged: Outcome = { kind: 'result', id: 1, intact: false };
  expect(broken({ submissions: [submission({}, damaged)] })).toEqual(['misdelivered']);
});

test('reports a call that ran twice as a rerun, unless a retry allowed it', () => {
  const exit = failure('ERR_DUAL_PROCESS_EXIT');
  const twice = [0, 0].map((attempt, i) => ({ id: 1, attempt, pid: 100 + i, run: 1 }));
  expect(broken({ submissions: [submission({}, exit)], starts: twice })).toEqual(['rerun']);
  const again = [0, 1].map((attempt, i) => ({ id: 1, attempt, pid: 100 + i, run: 1 }));
  expect(broken({ submissions: [submission({}, exit)], starts: again })).toEqual(['rerun']);
  expect(broken({ submissions: [submission({ retries: 1 }, exit)], starts: again })).toEqual([]);
});

test('reports a call that ran twice as a rerun if its repeat was refused', () => {
  const starts = [0, 0].map((attempt, i) => ({ id: 1, attempt, pid: 100 + i, run: 1 }));
  const full = failure('ERR_DUAL_QUEUE_FULL', { started: false });
  const repeat = { ...submission({ keyed: true }, full), call: 2 };
  const submissions = [submission({ keyed: true }, result(1)), repeat];
  expect(broken({ submissions, starts, boundedQueue: true })).toEqual(['rerun']);
  const taken = { ...submission({ keyed: true }, result(1)), call: 2 };
  expect(broken({ submissions: [submission({ keyed: true }, result(1)), taken], starts })).toEqual([]);
});

test('reports calls of equal priority that started in the wrong order as disorder', () => {
  const starts = [2, 1].map((id) => ({ id, attempt: 0, pid: 100, run: 1 }));
  expect(broken({ starts })).toEqual(['disorder']);
  const submissions = [submission({ id: 1 }, result(1)), submission({ id: 2, priority: 1 }, result(2))];
  expect(broken({ submissions, starts })).toEqual([]);
});

test('reports a call that ran despite `started: false` as denied, and a result without a run as invented', () => {
  const denied = failure('ERR_DUAL_PROCESS_EXIT', { started: false });
  expect(broken({ submissions: [submission({}, denied)] })).toEqual(['denied']);
  expect(broken({ starts: [{ id: 1, attempt: 0, pid: 100, run: 1 }] })).toEqual(['invented']);
});

test('reports a process whose end cost two calls as widened', () => {
  const exit = failure('ERR_DUAL_PROCESS_EXIT');
  expect(broken({ submissions: [submission({ id: 1 }, exit), submission({ id: 2 }, exit)] })).toEqual([
    'widened',
  ]);
  const other = failure('ERR_DUAL_PROCESS_EXIT', { pid: 101 });
  expect(broken({ submissions: [submission({ id: 1 }, exit), submission({ id: 2 }, other)] })).toEqual([]);
});

test('reports a process whose end cost more batches than it ran at once as widened', () => {
  const exit = failure('ERR_DUAL_PROCESS_EXIT');
  const submissions = [1, 2].map((id) => submission({ id, kind: 'batched' }, exit));
  const starts = (runs: number[]) => runs.map((run, i) => ({ id: i + 1, attempt: 0, pid: 100, run }));
  expect(broken({ submissions, starts: starts([1, 1]) })).toEqual([]);
  expect(broken({ submissions, starts: starts([1, 2]) })).toEqual(['widened']);
});

test('reports calls of an affinity in the wrong order, or in a process that they had left', () => {
  const plans = [1, 2, 3].map((id) => submission({ id, affinity: 'a' }, result(id)));
  const shape = { processes: 2, concurrency: 1 };
  const starts = (ids: number[], pids: number[]) =>
    ids.map((id, i) => ({ id, attempt: 0, pid: pids[i] ?? 0, run: i }));
  expect(broken({ submissions: plans, shape, starts: starts([1, 2, 3], [7, 7, 8]) })).toEqual([]);
  expect(broken({ submissions: plans, shape, starts: starts([1, 2, 3], [7, 8, 7]) })).toEqual(['strayed']);
  expect(broken({ submissions: plans, shape, starts: starts([1, 3, 2], [7, 7, 7]) })).toEqual(['disorder']);
});

test('reports a stream with wrong chunks, or a reader that left without a reason', () => {
  const leaving = { chunks: 3, delayMs: 0, leavesAfter: 1 };
  const streamed = { kind: 'streamed', reader: leaving } as const;
  expect(broken({ submissions: [submission(streamed, { kind: 'left', intact: true })] })).toEqual([]);
  expect(broken({ submissions: [submission(streamed, { kind: 'left', intact: false })] })).toEqual([
    'misdelivered',
  ]);
  const staying = { ...streamed, reader: { ...leaving, leavesAfter: undefined } };
  expect(broken({ submissions: [submission(staying, { kind: 'left', intact: true })] })).toEqual([
    'unexplained',
  ]);
});

test('reports wrong progress as misdelivered', () => {
  const progress = new ProgressCheck({ ...PLAN, reports: 3 });
  const { wrong } = progress;
  progress.take({ id: 1, number: 1 });
  progress.take({ id: 1, number: 2 });
  expect(wrong).toEqual([]);
  progress.take({ id: 1, number: 2 });
  progress.take({ id: 2, number: 3 });
  progress.end();
  progress.take({ id: 1, number: 4 });
  expect(wrong).toEqual([
    'value 2 after value 2',
    'a value of call 2',
    'value 4 after value 3',
    'value 4 after the call had settled',
  ]);
  expect(broken({ submissions: [{ ...submission({}, result(1)), wrongProgress: wrong }] })).toEqual([
    ...wrong.map(() => 'misdelivered'),
  ]);
});

test('reports a memory limit as unexplained if no call took too much', () => {
  const limit = failure('ERR_DUAL_MEMORY_LIMIT');
  expect(broken({ submissions: [submission({}, limit)] })).toEqual(['unexplained']);
  expect(broken({ submissions: [submission({ act: 'hog' }, limit)] })).toEqual([]);
});

test.each([
  ['ERR_DUAL_CALL_CANCELLED', {}, { cancel: { by: 'signal', afterMs: 1 } }],
  ['ERR_DUAL_CALL_TIMEOUT', {}, { timeout: 1 }],
  ['ERR_DUAL_QUEUE_TIMEOUT', { started: false }, { queueTimeout: 1 }],
] as const)('reports %s as unexplained if the plan has no reason for it', (code, details, plan) => {
  const outcome = failure(code, details);
  expect(broken({ submissions: [submission({}, outcome)], starts: [] })).toEqual(['unexplained']);
  expect(broken({ submissions: [submission(plan, outcome)], starts: [] })).toEqual([]);
});

test('reports a refusal, an unknown error or an impossible result without a reason as unexplained', () => {
  const full = failure('ERR_DUAL_QUEUE_FULL', { started: false });
  const submissions = [submission({}, full)];
  expect(broken({ submissions, starts: [] })).toEqual(['unexplained']);
  expect(broken({ submissions, starts: [], boundedQueue: true })).toEqual([]);
  expect(broken({ submissions: [submission({}, failure('ERR_DUAL_PROTOCOL'))] })).toEqual(['unexplained']);
  expect(broken({ submissions: [submission({}, failure('EPIPE'))] })).toEqual(['unexplained']);
  expect(broken({ submissions: [submission({ act: 'hang' }, result(1))] })).toEqual(['unexplained']);
});

test('reports remaining processes, open file descriptors and mishaps', () => {
  expect(broken({ leftovers: { children: [7], descriptors: 0 } })).toEqual(['orphan']);
  expect(broken({ leftovers: { children: [], descriptors: 3 } })).toEqual(['leak']);
  expect(broken({ mishaps: ['an unhandled rejection'] })).toEqual(['mishap']);
});
