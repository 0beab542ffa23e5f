import { fileURLToPath } from 'node:url';

import { Piscina } from 'piscina';

import type { Contender } from '../contender.js';

const filename = fileURLToPath(new URL('../worker/methods.js', import.meta.url));

/**
 * piscina: worker threads that wait for their next task in `Atomics.wait` (its default, and fastest).
 * @param concurrency Tasks that the pool hands to the thread at once; its default is 1.
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
        filename,
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
