import { fork, type SerializationType } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Contender } from '../contender.js';
import type { Request, Response } from '../worker/methods.js';
import { Pending } from './pending.js';

const WORKER = fileURLToPath(new URL('../worker/fork.js', import.meta.url));

/** `child_process.fork` and its messages, without a pool. */
export function forkContender(serialization: SerializationType): Contender {
  return {
    name: `fork-${serialization}`,
    title: `child_process.fork, ${serialization}`,
    settings: `serialization '${serialization}'`,
    carries: serialization === 'json' ? 'text' : 'bytes',
    open() {
      const pending = new Pending();
      const child = fork(WORKER, { serialization });
      child.on('message', (response: Response) => {
        pending.settle(response);
      });
      child.once('error', (error) => {
        pending.fail(error);
      });
      child.once('exit', (code, signal) => {
        pending.fail(new Error(`the child ended (${signal ?? code ?? 'unknown'})`));
      });
      return {
        call: (method, payload) =>
          pending.add((id) => {
            child.send({ id, method, payload } satisfies Request);
          }),
        close: () => child.kill(),
      };
    },
  };
}
