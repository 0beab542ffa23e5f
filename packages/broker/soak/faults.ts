import { setTimeout as delay } from 'node:timers/promises';

import type { Broker } from '@dual/broker';

import type { Fault, FaultPlan } from './plan.js';

export interface Target {
  readonly broker: Broker;
  /** Process ids of the living children. */
  readonly pids: ReadonlySet<number>;
}

/** The broker and the child that a fault hits. */
interface Victim {
  readonly broker: Broker;
  /** Process id of the child, or `undefined` if there is none at the moment. */
  readonly pid: number | undefined;
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** Faults act on the broker or its child. Only the calls that a fault hits directly may notice it. */
const inflict: Readonly<Record<Fault, (victim: Victim, ms: number) => Promise<void> | void>> = {
  kill: signal('SIGKILL'),
  terminate: signal('SIGTERM'),
  segfault: signal('SIGSEGV'),
  async stop({ pid }, ms) {
    send(pid, 'SIGSTOP');
    await delay(ms);
    send(pid, 'SIGCONT');
  },
  async reload({ broker }) {
    // `reload` rejects if the broker is closed before the new process is ready.
    await broker.reload().catch(() => undefined);
  },
  blockParent(_victim, ms) {
    Atomics.wait(cell, 0, 0, ms);
  },
  async close({ broker }) {
    await broker.close();
  },
};

/**
 * Inflicts a fault `afterMs` ms from now.
 * @returns A promise that resolves when the fault is over.
 */
export async function inflictLater(
  { broker, pids }: Target,
  { fault, victim, afterMs, ms }: FaultPlan,
): Promise<void> {
  if (afterMs > 0) await delay(afterMs);
  await inflict[fault]({ broker, pid: [...pids][victim % pids.size] }, ms);
}

function signal(name: NodeJS.Signals) {
  return ({ pid }: Victim): void => {
    send(pid, name);
  };
}

function send(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch {
    // The process has just ended.
  }
}
