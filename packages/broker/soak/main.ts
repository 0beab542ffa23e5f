import { parseArgs } from 'node:util';

import { check } from './checker.js';
import { gcAndRss, memoryVerdict } from './memory.js';
import { Mishaps } from './mishaps.js';
import { planRound } from './plan-round.js';
import { summary, Tally, writeReport } from './report.js';
import { playRound } from './round.js';

const USAGE = `Usage: soak [options]
  --minutes N      length of the run (default: 10)
  --seed N         seed of the plan; the same seed gives the same plan (default: from the clock)
  --calls N        calls per round, which is the life of one broker (default: 3,000)
  --processes N    most processes of each broker (default: differs from broker to broker)
  --concurrency N  calls that each process runs at once (default: differs from broker to broker)
  --round N        run only this round, to repeat a failure
  --report PATH    write PATH.json and PATH.md (default: no report)`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    calls: { type: 'string', default: '3000' },
    processes: { type: 'string' },
    concurrency: { type: 'string' },
    round: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [minutes, seed, calls] = [values.minutes, values.seed, values.calls].map(numberOf);
if (minutes === undefined || seed === undefined || calls === undefined) throw new RangeError(USAGE);
const only = numberOf(values.round);
const wishes = { processes: numberOf(values.processes), concurrency: numberOf(values.concurrency) };

const mishaps = new Mishaps();
const tally = new Tally({ seed, calls, minutes, ...wishes });

try {
  await play(seed, calls);
} catch (error) {
  // As an uncaught error it would only be noted as a mishap.
  console.error(error);
  process.exit(1);
}
const report = tally.report(memoryVerdict(tally.memory));
console.log(summary(report));
if (values.report !== undefined) writeReport(values.report, report);
// No `process.exit()`: the program must end by itself, which shows that no broker keeps it alive.
process.exitCode = report.passed ? 0 : 1;

async function play(seed: number, calls: number): Promise<void> {
  const end = performance.now() + Number(minutes) * 60_000;
  const last = only ?? Infinity;
  for (let round = only ?? 1; round <= last && (only !== undefined || performance.now() < end); round += 1) {
    const plan = planRound(seed, round, calls, wishes);
    const history = await playRound(plan, mishaps);
    tally.add(plan, history, check(history), gcAndRss());
  }
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (Number.isNaN(Number(text))) throw new RangeError(USAGE);
  return Number(text);
}
