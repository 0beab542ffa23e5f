import { readFileSync } from 'node:fs';

import { form } from './post.js';
import { sample } from './samples.js';
import type { TestService } from './service.js';

/** The model's process; it is the only child of the service. */
export function modelProcess(service: TestService): number {
  const [pid, ...more] = service.children();
  if (pid === undefined || more.length > 0)
    throw new Error(`One child was expected, not ${service.children().join()}`);
  return pid;
}

/** Ends the model's process and holds its successor still before it is ready; `SIGCONT` lets that go on. */
export async function holdRestart(service: TestService): Promise<number> {
  const ended = modelProcess(service);
  process.kill(ended, 'SIGKILL');
  for (;;) {
    // Held still before it runs its own program, it would hold up the service too, which waits for that.
    const next = service
      .children()
      .find((pid) => pid !== ended && ![commandLine(service.pid), ''].includes(commandLine(pid)));
    if (next !== undefined) {
      process.kill(next, 'SIGSTOP');
      return next;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface Asked {
  /** The answers still to come, in the order they were asked for. */
  answers: Promise<Response>[];
  /** Lets every client go away. */
  hangUp: () => void;
}

/**
 * Holds the model still and asks until its queue is full: the first image is certainly in the child then, and the
 * rest wait behind it. `process.kill(pid, 'SIGCONT')` lets the model go on.
 */
export async function fillQueue(service: TestService): Promise<Asked> {
  process.kill(modelProcess(service), 'SIGSTOP');
  const clients = new AbortController();
  const answers: Promise<Response>[] = [];
  for (;;) {
    const asked = fetch(`${service.url}/vgg`, {
      method: 'POST',
      body: form({ file: sample('Bag-1.png') }),
      signal: clients.signal,
    });
    const full = await Promise.race([asked.then(({ status }) => status === 429), roundTrip(service)]);
    if (full) break;
    answers.push(asked);
  }
  for (const answer of answers) answer.catch(() => undefined);
  return {
    answers,
    hangUp: () => {
      clients.abort();
    },
  };
}

/** One answer of the web server itself: what was asked before it has been taken in by then, or nearly so. */
async function roundTrip(service: TestService): Promise<false> {
  await (await fetch(`${service.url}/health/live`)).arrayBuffer();
  return false;
}

/** Empty for a process that has gone. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
