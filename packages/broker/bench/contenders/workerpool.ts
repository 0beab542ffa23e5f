import { fileURLToPath } from 'node:url';

import workerpool from 'workerpool';

import type { Contender } from '../contender.js';

const WORKER = fileURLToPath(new URL('../worker/workerpool.js', import.meta.url));

export const workerpoolProcess: Contender = {
  name: 'workerpool',
  title: 'workerpool, process',
  package: 'workerpool',
  settings: "workerType 'process', serialization 'advanced'",
  carries: 'bytes',
  open() {
    const pool = workerpool.pool(WORKER, {
      workerType: 'process',
      forkOpts: { serialization: 'advanced' },
      minWorkers: 1,
      maxWorkers: 1,
    });
    return {
      call: (method, payload) => pool.exec(method, [payload]),
      close: () => pool.terminate(true),
    };
  },
};
