import { Worker } from 'node:worker_threads';

import type { Contender } from '../contender.js';
import type { Payload, Request, Response } from '../worker/methods.js';
import { Pending } from './pending.js';

const worker = new URL('../worker/thread.js', import.meta.url);

/**
 * `postMessage` to a worker thread, without a pool. In mode `transfer` it copies the array and transfers the copy, so
 * that the caller keeps its array, as with all other contenders.
 */
export function threadContender(mode: 'clone' | 'transfer'): Contender {
  const post = mode === 'clone' ? clone : transfer;
  return {
    name: `thread-${mode}`,
    title: `worker_threads, ${mode}`,
    settings:
      mode === 'clone' ? 'structured clone' : 'transfer of a copy, so that the caller keeps its array',
    carries: 'bytes',
    open() {
      const pending = new Pending();
      const thread = new Worker(worker, { workerData: mode });
      thread.on('message', (response: Response) => {
        pending.settle(response);
      });
      thread.once('error', (error) => {
        pending.fail(error);
      });
      thread.once('exit', (code) => {
        pending.fail(new Error(`the thread ended (${code})`));
      });
      return {
        call: (method, payload) =>
          pending.add((id) => {
            post(thread, { id, method, payload });
          }),
        close: () => thread.terminate(),
      };
    },
  };
}

function clone(thread: Worker, request: Request): void {
  thread.postMessage(request);
}

function transfer(thread: Worker, request: Request): void {
  if (typeof request.payload === 'string') {
    clone(thread, request);
    return;
  }
  const payload = copy(request.payload);
  thread.postMessage({ ...request, payload } satisfies Request, [payload.buffer]);
}

function copy(payload: Exclude<Payload, string>) {
  return payload instanceof Uint8Array ? new Uint8Array(payload) : new Float32Array(payload);
}
