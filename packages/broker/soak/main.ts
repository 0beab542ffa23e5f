import { parseArgs } from 'node:util';

import { check } from './checker.js';
import { gcAndRss, memoryVerdict } from './memory.js';
import { Mishaps } from './mishaps.js';
import { planRound } from './plan.js';
import { summary, Tally, writeReport } from './report.js';
import { playRound } from './round.js';

const USAGE = `Usage: soak [options]
  --minutes N      length of the run (default: 10)
  --seed N         seed of the plan; the same seed gives the same plan (default: from the clock)
  --calls N        calls per round, which is the life of one broker (default: 3,000)
  --processes N    number of processes of each broker (default: 1)
  --concurrency N  calls that each process runs at once (default: 1)
  --round N        run only this round, to repeat a failure
  --report PATH    write PATH.json and PATH.md (default: no report)`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    calls: { type: 'string', default: '3000' },
    processes: { type: 'string', default: '1' },
    concurrency: { type: 'string', default: '1' },
    round: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [minutes, seed, calls, processes, concurrency] = [
  values.minutes,
  values.seed,
  values.calls,
  values.processes,
  values.concurrency,
].map(Number);
const only = values.round === undefined ? undefined : Number(values.round);
if (
  minutes === undefined ||
  seed === undefined ||
  calls === undefined ||
  processes === undefined ||
  concurrency === undefined ||
  [minutes, seed, calls, processes, concurrency].some(isNaN)
)
  throw new RangeError(USAGE);
const shape = { processes, concurrency };

const mishaps = new Mishaps();
const tally = new Tally({ seed, calls, minutes, ...shape });
const end = performance.now() + minutes * 60_000;
const rounds = only ?? Infinity;
for (let round = only ?? 1; round <= rounds && (only !== undefined || performance.now() < end); round += 1) {
  const plan = planRound(seed, round, calls, shape);
  const history = await playRound(plan, mishaps);
  tally.add(plan, history, check(history), gcAndRss());
}
const report = tally.report(memoryVerdict(tally.memory));
console.log(summary(report));
if (values.report !== undefined) writeReport(values.report, report);
// No `process.exit()`: the program must end by itself, which shows that no broker keeps it alive.
process.exitCode = report.passed ? 0 : 1;
