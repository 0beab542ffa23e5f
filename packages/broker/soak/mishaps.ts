/** Records unhandled rejections, uncaught errors and warnings in the broker's own process. None may happen. */
export class Mishaps {
  #noted: string[] = [];

  /** Starts to listen, until the process ends. */
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

  /** Returns the mishaps since the last `take()`. */
  take(): string[] {
    return this.#noted.splice(0);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
