import { fileURLToPath } from 'node:url';

import { FixedClusterPool } from 'poolifier';

import type { Contender } from '../contender.js';
import type { Payload } from '../worker/methods.js';

const WORKER = fileURLToPath(new URL('../worker/poolifier.cjs', import.meta.url));

export const poolifierCluster: Contender = {
  name: 'poolifier',
  title: 'poolifier, cluster',
  package: 'poolifier',
  settings: "FixedClusterPool, serialization 'advanced'",
  carries: 'bytes',
  open() {
    const pool = new FixedClusterPool<Payload>(1, WORKER, {
      settings: { serialization: 'advanced' },
      enableEvents: false,
    });
    return {
      call: (method, payload) => pool.execute(payload, method),
      close: () => pool.destroy(),
    };
  },
};
