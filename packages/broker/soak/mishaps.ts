/** What must not happen in the broker's own process: unhandled rejections and uncaught errors above all. */
export class Mishaps {
  #noted: string[] = [];

  /** Listens from now on, for as long as the process runs. */
  constructor() {
    process.on('unhandledRejection', (reason) => {
      this.note(`an unhandled rejection: ${describe(reason)}`);
    });
    process.on('uncaughtException', (error) => {
      this.note(`an uncaught error: ${describe(error)}`);
    });
    process.on('warning', (warning) => {
      this.note(`a warning: ${describe(warning)}`);
    });
  }

  note(mishap: string): void {
    this.#noted.push(mishap);
  }

  /** What was noted since it was last taken. */
  take(): string[] {
    return this.#noted.splice(0);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
