import { parseArgs } from 'node:util';

import { check } from './checker.js';
import { gcAndRss, memoryVerdict } from './memory.js';
import { Mishaps } from './mishaps.js';
import { planRound } from './plan.js';
import { summary, Tally, writeReport } from './report.js';
import { playRound } from './round.js';

const USAGE = `Usage: soak [options]
  --minutes N   how long (default 10)
  --seed N      of the plan; the same seed gives the same plan (default: the time)
  --calls N     calls a round, which is the life of one broker (default 3000)
  --processes N, --concurrency N   options of the brokers (default 1 each)
  --round N     play this round only, as to repeat what went wrong in it
  --report PATH where to write PATH.json and PATH.md (default: nowhere)`;

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
// Whatever keeps the program running, the broker must not be it; a listener would show in the exit code.
process.exitCode = report.passed ? 0 : 1;
