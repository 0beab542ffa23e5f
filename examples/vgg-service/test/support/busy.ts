import { readFileSync } from 'node:fs';

import { form } from './post.js';
import { sample } from './samples.js';
import type { TestService } from './service.js';

/** Finds the model's process, which must be the only child of the service. */
export function modelProcess(service: TestService): number {
  const [pid, ...more] = service.children();
  if (pid === undefined || more.length > 0)
    throw new Error(`Expected one child, but found ${service.children().join()}`);
  return pid;
}

/** Kills the model's process and stops its successor (SIGSTOP) before it is ready. SIGCONT lets that one continue. */
export async function holdRestart(service: TestService): Promise<number> {
  const ended = modelProcess(service);
  process.kill(ended, 'SIGKILL');
  for (;;) {
    // Wait for its `exec`: if the child were stopped before that, the service, which waits for the `exec`, would block.
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
  /** The pending answers, in the order of their requests. */
  answers: Promise<Response>[];
  /** Disconnects every client. */
  hangUp: () => void;
}

/**
 * Stops the model's process (SIGSTOP) and sends images until its queue is full. Then the first image is in the child,
 * and the rest wait. `process.kill(pid, 'SIGCONT')` lets the model continue.
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

/** Waits for an answer of the web server itself. By then it has usually accepted all earlier requests. */
async function roundTrip(service: TestService): Promise<false> {
  await (await fetch(`${service.url}/health/live`)).arrayBuffer();
  return false;
}

/** The command line of a process; empty if the process has ended. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
