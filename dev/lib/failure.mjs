/** A failed step of the set-up: one line for the user, and the output of the step. */
export class Failure extends Error {
  /**
   * @param {string} message
   * @param {{ code: number | null, lines: string[] }} outcome
   */
  constructor(message, { code, lines }) {
    super(message);
    this.exitCode = code ?? 1;
    this.lines = lines;
  }
}

/**
 * Prints the failure, with the line that explains it at the end, and exits with the exit code of the failed step.
 *
 * @param {unknown} error
 * @returns {never}
 */
export function exitWith(error) {
  if (!(error instanceof Failure)) throw error;
  for (const line of error.lines) console.error(line);
  console.error(`\n${error.message}`);
  process.exit(error.exitCode);
}
