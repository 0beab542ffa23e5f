/**
 * Compares this build of the broker with an earlier one: `npm run bench:compare -- --old DIR`. Two copies of the old build
 * take part. A column is slower only if it exceeds the old build by more than the two copies differ from each other.
 *
 * Each payload is measured in a process of its own: garbage collections of 10 MB would go on during turns of small calls,
 * and make the copies of one build differ by up to 20 %.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { median, type Summary } from './stats.js';
import { tasks } from './tasks.js';

interface Run {
  readonly contenders: readonly {
    readonly name: string;
    readonly failure?: string;
    readonly tasks: Readonly<Record<string, Summary>>;
  }[];
}

/** A comparison in one run, as fractions of the old build's time. */
interface Difference {
  /** How much longer the new build takes. */
  readonly slower: number;
  /** How far the two copies of the old build are apart. */
  readonly noise: number;
}

const { values } = parseArgs({
  options: {
    old: { type: 'string' },
    tasks: { type: 'string', default: tasks.map(({ name }) => name).join() },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '15' },
  },
});
if (values.old === undefined) {
  console.error(
    'bench:compare takes --old DIR, the dist/ of an earlier build, --runs N, --seconds N for each payload, and --tasks A,B',
  );
  process.exit(2);
}

const FOLDER = fileURLToPath(new URL('../../', import.meta.url));
const OLD = resolve(values.old);
// Beside the old build, so that both copies find the same koffi.
const COPY = mkdtempSync(join(dirname(OLD), 'again-'));
cpSync(OLD, COPY, { recursive: true });

/** Names of the tasks by payload. */
const groups = new Map<unknown, string[]>();
const chosen = new Set(values.tasks.split(','));
for (const { payload, name } of tasks) {
  if (chosen.has(name)) groups.set(payload, [...(groups.get(payload) ?? []), name]);
}

try {
  const differences = new Map<string, Difference[]>();
  for (let run = 1; run <= Number(values.runs); run += 1) {
    console.error(`run ${run} of ${values.runs}`);
    for (const group of groups.values()) {
      for (const [column, difference] of compare(measure(COPY, group))) {
        differences.set(column, [...(differences.get(column) ?? []), difference]);
      }
    }
  }
  report(differences);
} finally {
  rmSync(COPY, { recursive: true });
}

function measure(again: string, group: readonly string[]): Run {
  const json = join(again, 'figures.json');
  const names = ['broker', 'old', 'again'].flatMap((name) => [name, `${name}-shared-memory`]);
  const args = ['--pin', '--seconds', values.seconds, '--contenders', names.join(), '--json', json];
  const builds = ['--build', `old=${OLD}`, '--build', `again=${again}`];
  const main = join(FOLDER, 'bench/dist/main.js');
  const { status, stderr } = spawnSync(
    process.execPath,
    [main, ...args, ...builds, '--tasks', group.join()],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  if (status !== 0) throw new Error(`the benchmark failed:\n${String(stderr)}`);
  return JSON.parse(readFileSync(json, 'utf8')) as Run; // the benchmark wrote it
}

function* compare({ contenders }: Run): Generator<[column: string, Difference]> {
  const tasksOf = (name: string): Readonly<Record<string, Summary>> =>
    contenders.find((contender) => contender.name === name)?.tasks ?? {};
  for (const variant of ['', '-shared-memory']) {
    const [first, second] = [tasksOf(`old${variant}`), tasksOf(`again${variant}`)];
    for (const [task, { time }] of Object.entries(tasksOf(`broker${variant}`))) {
      const [a, b] = [first[task]?.time, second[task]?.time];
      if (a === undefined || b === undefined) continue;
      const mean = (a + b) / 2;
      yield [`${task}${variant}`, { slower: time / mean - 1, noise: Math.abs(a - b) / mean }];
    }
  }
}

/** Prints the medians over all runs, and sets the exit code to 1 if a column is slower. */
function report(differences: ReadonlyMap<string, readonly Difference[]>): void {
  for (const [column, runs] of differences) {
    const slower = median(runs.map((run) => run.slower));
    const noise = median(runs.map((run) => run.noise));
    const verdict = slower <= noise ? 'ok    ' : 'SLOWER';
    if (slower > noise) process.exitCode = 1;
    console.log(
      `${verdict} ${column.padEnd(30)} ${percent(slower)}, copies of the old build ${percent(noise)}`,
    );
  }
}

function percent(fraction: number): string {
  return `${fraction < 0 ? '−' : '+'}${Math.abs(100 * fraction).toFixed(1)} %`;
}
