import { fileURLToPath } from 'node:url';

import { type JestWorkerFarm, Worker } from 'jest-worker';

import type { Contender } from '../contender.js';
import type * as methods from '../worker/methods.js';

const WORKER = fileURLToPath(new URL('../worker/methods.js', import.meta.url));

export const jestWorker: Contender = {
  name: 'jest-worker',
  title: 'jest-worker, process',
  package: 'jest-worker',
  settings: "enableWorkerThreads false, serialization 'advanced'",
  carries: 'bytes',
  open() {
    const farm = new Worker(WORKER, {
      enableWorkerThreads: false,
      numWorkers: 1,
      exposedMethods: ['echo', 'sink', 'usage'],
      forkOptions: { serialization: 'advanced' },
    }) as JestWorkerFarm<typeof methods>;
    return {
      call: (method, payload) => farm[method](payload),
      close: () => farm.end(),
    };
  },
};
