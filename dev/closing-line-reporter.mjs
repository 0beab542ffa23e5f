import { writeSync } from 'node:fs';

/** A Jest reporter whose one line, `N passed, N failed[, N skipped]`, is the last of the whole run. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A file that could not be loaded ran no test, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
    // Jest prints its own summary after this hook; writing at exit puts ours behind it.
    process.once('exit', () => writeSync(1, line));
  }
}
