import { fileURLToPath } from 'node:url';

import { Tinypool } from 'tinypool';

import type { Contender } from '../contender.js';

const FILENAME = fileURLToPath(new URL('../worker/methods.js', import.meta.url));

export const tinypool: Contender = {
  name: 'tinypool',
  title: 'tinypool, child_process',
  package: 'tinypool',
  settings: "runtime 'child_process', serialization 'advanced'",
  carries: 'bytes',
  open() {
    const pool = new Tinypool({
      filename: FILENAME,
      runtime: 'child_process',
      serialization: 'advanced',
      minThreads: 1,
      maxThreads: 1,
    });
    return {
      call: (method, payload) => pool.run(payload, { name: method }),
      close: () => pool.destroy(),
    };
  },
};
