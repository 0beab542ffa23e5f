import { fileURLToPath } from 'node:url';

import { Piscina } from 'piscina';

import type { Contender } from '../contender.js';

const FILENAME = fileURLToPath(new URL('../worker/methods.js', import.meta.url));

/**
 * piscina: worker threads that wait for their next task in `Atomics.wait`, which is its default and its fastest mode.
 * @param concurrency Number of tasks that the pool hands to the thread at once. piscina's default is 1.
 */
export function piscinaContender(
  about: Pick<Contender, 'name' | 'title' | 'settings'>,
  concurrency: number,
): Contender {
  return {
    ...about,
    package: 'piscina',
    carries: 'bytes',
    open() {
      const pool = new Piscina({
        filename: FILENAME,
        minThreads: 1,
        maxThreads: 1,
        idleTimeout: Infinity,
        concurrentTasksPerWorker: concurrency,
        atomics: 'sync',
        recordTiming: false,
      });
      return {
        call: (method, payload) => pool.run(payload, { name: method }),
        close: () => pool.destroy(),
      };
    },
  };
}
