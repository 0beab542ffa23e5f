import { writeFileSync } from 'node:fs';

import type { Violation } from './checker.js';
import type { History, Outcome } from './history.js';
import type { MemoryVerdict } from './memory.js';
import type { RoundPlan, Wishes } from './plan.js';
import { isHarmless } from './plan-call.js';

export interface Report {
  readonly seed: number;
  readonly command: string;
  readonly node: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly submitted: number;
  readonly settled: number;
  /** Number of starts in the journals of the children. */
  readonly starts: number;
  readonly processes: number;
  readonly faults: number;
  readonly faultsByKind: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<string, number>>;
  /** The first violations, each with the command that repeats its round. */
  readonly examples: readonly string[];
  readonly memory: MemoryVerdict;
  readonly passed: boolean;
}

interface Run extends Wishes {
  readonly seed: number;
  readonly calls: number;
  readonly minutes: number;
}

/** Number of violations that are shown in full. */
const MAX_EXAMPLES = 20;

/** Adds up the rounds of a run without keeping their histories. */
export class Tally {
  /** Resident memory after each round, in bytes. */
  readonly memory: number[] = [];
  readonly #run: Run;
  readonly #begin = performance.now();
  readonly #faults = new Map<string, number>();
  readonly #outcomes = new Map<string, number>();
  readonly #violations = new Map<string, number>();
  readonly #examples: string[] = [];
  #submitted = 0;
  #settled = 0;
  #starts = 0;
  #processes = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  add(plan: RoundPlan, history: History, violations: readonly Violation[], rss: number): void {
    const { submissions, starts } = history;
    this.memory.push(rss);
    this.#submitted += submissions.length;
    this.#starts += starts.length;
    this.#processes += new Set(starts.map(({ pid }) => pid)).size;
    for (const step of plan.steps) if (step.kind === 'fault') count(this.#faults, step.fault);
    for (const { plan: call, outcomes } of submissions) {
      if (!isHarmless(call.act)) count(this.#faults, call.act);
      if (call.cancel !== undefined) count(this.#faults, `cancel by ${call.cancel.by}`);
      if (call.timeout !== undefined) count(this.#faults, 'timeout');
      if (call.reader?.leavesAfter !== undefined) count(this.#faults, 'reader that leaves');
      const [outcome] = outcomes;
      if (outcome === undefined) continue;
      this.#settled += 1;
      count(this.#outcomes, nameOf(outcome));
    }
    for (const { broken, detail } of violations) {
      count(this.#violations, broken);
      const repeat = `npm run soak -- ${this.#flags} --round ${plan.round}`;
      if (this.#examples.length < MAX_EXAMPLES) this.#examples.push(`${broken}: ${detail} (${repeat})`);
    }
  }

  get #flags(): string {
    const { seed, calls, processes, concurrency } = this.#run;
    const wishes = Object.entries({ processes, concurrency }).filter(([, number]) => number !== undefined);
    return [`--seed ${seed} --calls ${calls}`, ...wishes.map(([name, n]) => `--${name} ${n}`)].join(' ');
  }

  report(memory: MemoryVerdict): Report {
    const { seed, minutes } = this.#run;
    return {
      seed,
      command: `npm run soak -- --minutes ${minutes} ${this.#flags}`,
      node: process.version,
      seconds: Math.round((performance.now() - this.#begin) / 1_000),
      rounds: this.memory.length,
      submitted: this.#submitted,
      settled: this.#settled,
      starts: this.#starts,
      processes: this.#processes,
      faults: [...this.#faults.values()].reduce((sum, n) => sum + n, 0),
      faultsByKind: sorted(this.#faults),
      outcomes: sorted(this.#outcomes),
      violations: sorted(this.#violations),
      examples: this.#examples,
      memory,
      passed: this.#violations.size === 0 && memory.passed !== false,
    };
  }
}

export function summary(report: Report): string {
  const { memory } = report;
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const verdict =
    memory.passed === undefined ? ' (the run was too short to judge)' : memory.passed ? '' : ' (TOO MUCH)';
  const rows = [
    ['seed', report.seed],
    ['Node', report.node],
    ['seconds', report.seconds],
    ['brokers', report.rounds],
    ['processes that ran calls', report.processes],
    ['calls submitted', report.submitted],
    ['calls settled', report.settled],
    ['faults', report.faults],
    ...['lost', 'doubled', 'misdelivered', 'rerun', 'disorder', 'strayed', 'denied', 'invented'].map(
      (broken) => [broken, report.violations[broken] ?? 0] as const,
    ),
    ...['widened', 'unexplained', 'orphan', 'leak', 'mishap'].map(
      (broken) => [broken, report.violations[broken] ?? 0] as const,
    ),
    ['resident memory', `${mib(memory.start)} after warm-up, ${mib(memory.end)} at the end${verdict}`],
  ] as const;
  return [
    report.command,
    '',
    '| what | figure |',
    '| --- | --- |',
    ...rows.map(([what, figure]) => `| ${what} | ${figure} |`),
    '',
    `faults: ${list(report.faultsByKind)}`,
    `outcomes: ${list(report.outcomes)}`,
    '',
    ...report.examples,
    report.passed ? 'passed' : 'FAILED',
  ].join('\n');
}

/** Writes the report to `<path>.json` and `<path>.md`. */
export function writeReport(path: string, report: Report): void {
  writeFileSync(`${path}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(`${path}.md`, `${summary(report)}\n`);
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind === 'error') return outcome.code ?? 'error of the pipeline';
  return outcome.kind === 'left' ? 'reader left' : 'result';
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
}
