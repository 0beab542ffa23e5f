import type { Summary } from '../stats.js';
import { threeDigits } from './format.js';
import type { Outcome } from './outcome.js';

/** A limit for a contender, relative to another one in the same run. */
interface Goal {
  readonly title: string;
  readonly task: string;
  readonly contender: string;
  readonly against: string;
  /** `time` and `loopDelay` may be at most `mustReach` times the other's; `rate` must be at least that. */
  readonly measure: 'time' | 'rate' | 'loopDelay';
  readonly mustReach: number;
  readonly aimFor?: number;
}

const SHARED = 'broker-shared-memory';

const goals: readonly Goal[] = [
  ...against('small call, 1 in flight', 'small', 'broker', 'time', [
    ['fork-advanced', 0.6, 0.4],
    ['piscina', 0.8, 0.5],
  ]),
  ...against('small calls, 64 in flight', 'small-64', 'broker', 'rate', [
    ['fork-advanced', 4, 8],
    ['piscina', 8, 20],
  ]),
  ...against('602 KB echo, socket', '602k', 'broker', 'time', [
    ['fork-advanced', 0.45, 0.3],
    ['piscina', 1.2, 0.8],
  ]),
  ...against('602 KB echo, shared memory', '602k', SHARED, 'time', [
    ['piscina', 0.65, 0.4],
    ['thread-clone', 0.8, 0.5],
  ]),
  ...against('10 MB echo, shared memory', '10m', SHARED, 'time', [
    ['piscina', 0.6, 0.3],
    ['thread-transfer', 2.2, 1],
  ]),
  ...against('event-loop delay p99, 602 KB streaming', '602k-stream', 'broker', 'loopDelay', [
    ['fork-advanced', 1],
  ]),
];

/** One line per goal: `reached`, `missed` or `not measured`, with the figures. */
export function judge({ lines }: Outcome): string[] {
  const summaries = new Map(lines.map((line) => [line.contender.name, line.summaries]));
  return goals.map((goal) => {
    const own = pick(goal, summaries.get(goal.contender)?.get(goal.task));
    const other = pick(goal, summaries.get(goal.against)?.get(goal.task));
    const about = `${goal.title}, against ${goal.against}`;
    if (own === undefined || other === undefined) return `not measured: ${about}`;
    const bound = goal.measure === 'rate' ? '≥' : '≤';
    const wanted = `must reach ${bound} ${goal.mustReach}×${goal.aimFor === undefined ? '' : `, aim for ${bound} ${goal.aimFor}×`}`;
    const ratio = goal.measure === 'rate' ? other / own : own / other;
    return `${verdict(goal, own, other)}: ${about}: ${threeDigits(ratio)}× (${wanted})`;
  });
}

function verdict({ measure, mustReach, aimFor }: Goal, own: number, other: number): string {
  const reaches = (limit: number): boolean =>
    measure === 'rate' ? own * limit <= other : own <= other * limit;
  if (!reaches(mustReach)) return 'missed';
  return aimFor !== undefined && reaches(aimFor) ? 'reached, and the aim as well' : 'reached';
}

function pick({ measure }: Goal, summary: Summary | undefined): number | undefined {
  return measure === 'loopDelay' ? summary?.loopDelay : summary?.time;
}

function against(
  title: string,
  task: string,
  contender: string,
  measure: Goal['measure'],
  others: readonly (readonly [name: string, mustReach: number, aimFor?: number])[],
): Goal[] {
  return others.map(([name, mustReach, aimFor]) => ({
    title,
    task,
    contender,
    measure,
    against: name,
    mustReach,
    ...(aimFor === undefined ? {} : { aimFor }),
  }));
}
