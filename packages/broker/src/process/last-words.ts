import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

import { after } from '../timer.js';
import type { SpawnedChild } from './spawn.js';

/** After a process's exit its pipes are read to their end; a grandchild that holds them is not waited for, in ms. */
const LAST_WORDS = 1_000;

/** Resolves when all is read that an ended process wrote before its end: it counts, a result above all. */
export async function lastWords({ input, stdout, stderr }: SpawnedChild): Promise<void> {
  const ended = [input, stdout, stderr].map(
    (stream) =>
      new Promise<void>((resolve) => {
        if (stream.readableEnded || stream.closed) resolve();
        else for (const event of ['end', 'close', 'error']) stream.once(event, resolve);
      }),
  );
  await Promise.race([Promise.all(ended), new Promise<void>((resolve) => after(LAST_WORDS, resolve))]);
  // Where this program was busy all that time, its timers are run before its pipes are read.
  for (let read = -1; read !== input.bytesRead;) {
    read = input.bytesRead;
    await turnOfTheEventLoop();
  }
}
