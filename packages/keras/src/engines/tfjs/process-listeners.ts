import type { EventEmitter } from 'node:events';

/** Node's types know these two events, but not as a union. */
const emitter = process as Pick<EventEmitter, 'listeners' | 'removeListener'>;
const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** How the functions read that Emscripten puts into the code it makes for Node. */
const EMSCRIPTEN = /ExitStatus|throw reason/u;

/**
 * Starts a module that Emscripten made, and takes away the process listeners it adds: a library must not change how
 * the program ends on an error that has nothing to do with it.
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
