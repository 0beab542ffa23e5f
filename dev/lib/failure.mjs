/** A step of the set-up that went wrong: one line for the user, and what the step printed. */
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
 * Prints the failure, the one line that explains it last, and ends this process with the failed step's exit code.
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
