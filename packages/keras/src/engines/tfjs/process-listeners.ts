import type { EventEmitter } from 'node:events';

/** Node's types have an overload for each of the two events, but none for their union. */
const emitter = process as Pick<EventEmitter, 'listeners' | 'removeListener'>;
const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Matches the source text of the listeners that Emscripten adds on Node. */
const EMSCRIPTEN = /ExitStatus|throw reason/u;

/**
 * Starts a module that was compiled by Emscripten, then removes the process listeners that it added. They would change
 * how the program ends when some other code fails.
 */
export async function withoutEmscriptenListeners(start: () => Promise<void>): Promise<void> {
  const before = new Set<unknown>(EVENTS.flatMap((event) => emitter.listeners(event)));
  try {
    await start();
  } finally {
    for (const event of EVENTS) {
      for (const listener of emitter.listeners(event)) {
        if (!before.has(listener) && EMSCRIPTEN.test(String(listener)))
          emitter.removeListener(event, listener as () => void);
      }
    }
  }
}
