import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

import { after } from '../timer.js';
import type { SpawnedChild } from './spawn.js';

/** How long the pipes of a dead process are read, in ms. A grandchild may hold them open for ever. */
const LAST_WORDS = 1_000;

/** Resolves when everything that an ended process wrote has been read, so that no result is lost. */
export async function lastWords({ input, lifeline, stdout, stderr }: SpawnedChild): Promise<void> {
  const ended = [input, lifeline, stdout, stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        if (stream.readableEnded || stream.closed) resolve();
        else for (const event of ['end', 'close', 'error']) stream.once(event, resolve);
      }),
  );
  await Promise.race([Promise.all(ended), new Promise<void>((resolve) => after(LAST_WORDS, resolve))]);
  // If this program was busy for all that time, its timers run before its pipes are read.
  for (let read = -1; read !== input.bytesRead;) {
    read = input.bytesRead;
    await turnOfTheEventLoop();
  }
}
