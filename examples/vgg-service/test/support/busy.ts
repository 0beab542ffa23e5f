import { readFileSync } from 'node:fs';

import { form } from './post.js';
import { sample } from './samples.js';
import type { TestService } from './service.js';

/** Finds the process of the model. The other children decode images. */
export function modelProcess(service: TestService): number {
  const [pid, ...more] = modelProcesses(service);
  if (pid === undefined || more.length > 0)
    throw new Error(`Expected one process of the model, but found ${service.children().join()}`);
  return pid;
}

/** Finds all processes of the model. */
export function modelProcesses(service: TestService): number[] {
  return service.children().filter((pid) => commandLine(pid).includes('vgg-model'));
}

/** Kills the model's process and stops its successor (SIGSTOP) before it is ready. SIGCONT lets that one continue. */
export async function holdRestart(service: TestService): Promise<number> {
  const ended = modelProcess(service);
  process.kill(ended, 'SIGKILL');
  for (;;) {
    // Its command line is that of the model after its `exec`: if the child were stopped before that, the service, which waits
    // for the `exec`, would block.
    const next = modelProcesses(service).find((pid) => pid !== ended);
    if (next !== undefined) {
      process.kill(next, 'SIGSTOP');
      return next;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Asked {
  /** The pending answers, in the order of their requests. */
  answers: Promise<Response>[];
  /** Disconnects every client. */
  hangUp: () => void;
}

/** The default of `--max-queue`, and a batch. */
const PLACES = 64 + 8;

/**
 * Stops the model's process (SIGSTOP) and sends images until its queue is full. Then the first image is in the child,
 * and the rest wait. `process.kill(pid, 'SIGCONT')` lets the model continue.
 */
export async function fillQueue(service: TestService): Promise<Asked> {
  process.kill(modelProcess(service), 'SIGSTOP');
  const clients = new AbortController();
  const waiting = new Set<Promise<Response>>();
  const queue = { full: false };
  while (!queue.full || waiting.size > PLACES) {
    if (waiting.size <= PLACES) {
      const asked = fetch(`${service.url}/vgg`, {
        method: 'POST',
        body: form({ file: sample('Bag-1.png') }),
        signal: clients.signal,
      });
      waiting.add(asked);
      asked.then(
        () => {
          // The model is stopped, so this is a refusal.
          queue.full = true;
          waiting.delete(asked);
        },
        () => undefined,
      );
    }
    await roundTrip(service);
  }
  return {
    answers: [...waiting],
    hangUp: () => {
      clients.abort();
    },
  };
}

/** Waits for an answer of the web server itself. By then it has usually accepted all earlier requests. */
async function roundTrip(service: TestService): Promise<void> {
  await (await fetch(`${service.url}/health/live`)).arrayBuffer();
}

/** The command line of a process; empty if the process has ended. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
