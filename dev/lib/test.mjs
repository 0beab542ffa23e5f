import { build } from './build.mjs';
import { failedChecks } from './checks.mjs';
import { exitWith } from './failure.mjs';
import { install } from './install.mjs';
import { endWithNpm, interruptible } from './interruption.mjs';
import { closingLine, jest } from './jest.mjs';

endWithNpm();

let passed = 0;
let failed = 1;
let skipped = 0;

// Printed as the last line, however the run ends.
process.on('exit', () => {
  console.log(closingLine({ passed, failed, skipped }));
});

await interruptible(async (stop) => {
  await install(stop);
  await build(stop);
  console.log('Checking types, lint, format and unused code …');
  const checks = await failedChecks(stop);
  const tests = await jest(process.argv.slice(2), stop);
  stop.throwIfAborted();

  ({ passed, skipped } = tests);
  failed = tests.failed + checks.length;
  if (checks.length > 0) console.log(`\nFailed checks: ${checks.join(', ')}`);
  process.exitCode = failed > 0 ? 1 : 0;
}).catch(exitWith);
