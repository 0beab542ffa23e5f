import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';

import { Broker } from '@dual/broker';

import { inflictLater, type Target } from './faults.js';
import type { History } from './history.js';
import { readJournal } from './journal.js';
import { childrenOf, countDescriptors } from './leftovers.js';
import { Load } from './load.js';
import type { Mishaps } from './mishaps.js';
import type { RoundPlan } from './plan.js';

/** Time limit in ms for each wait. It is far longer than any call, fault or delay of a plan. */
const PATIENCE = 60_000;

/** Runs a broker through a plan, and records its history. */
export async function playRound(plan: RoundPlan, mishaps: Mishaps): Promise<History> {
  const folder = mkdtempSync(join(tmpdir(), 'dual-soak-'));
  const journal = join(folder, 'journal');
  const before = { children: childrenOf(process.pid), descriptors: countDescriptors() };
  try {
    const load = await live(plan, journal, mishaps);
    load.noteStates();
    return {
      submissions: load.submissions,
      starts: readJournal(journal),
      shape: plan.shape,
      boundedQueue: plan.options.maxQueue !== undefined,
      mishaps: mishaps.take(),
      leftovers: {
        children: childrenOf(process.pid).filter((pid) => !before.children.includes(pid)),
        descriptors: Math.max(0, countDescriptors() - before.descriptors),
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function live(plan: RoundPlan, journal: string, mishaps: Mishaps): Promise<Load> {
  const broker = new Broker(new URL('./pipeline.mjs', import.meta.url), {
    ...plan.options,
    batch: { one: { method: 'many', ...plan.batch } },
    args: [journal, plan.loadMs],
  });
  const target = watch(broker);
  const load = new Load(broker);
  const faults: Promise<void>[] = [];
  for (const step of plan.steps) {
    switch (step.kind) {
      case 'call':
      case 'repeat':
        load.submit(step.call);
        break;
      case 'clash':
        load.submit(step.call, true);
        break;
      case 'fault':
        faults.push(inflictLater(target, step));
        break;
      case 'pause':
        await delay(step.ms);
        break;
    }
    if (broker.state === 'closed') break;
    if (!(await inTime(Promise.all([load.atMost(plan.window), load.room()])))) {
      mishaps.note(`${load.unsettled} calls were unsettled for ${PATIENCE} ms`);
      break;
    }
  }
  const closed = broker.close(plan.closeTimeout === undefined ? {} : { timeout: plan.closeTimeout });
  if (!(await inTime(closed))) mishaps.note(`close() did not resolve within ${PATIENCE} ms`);
  if (broker.state !== 'closed') mishaps.note(`the broker was ${broker.state} after close()`);
  // A slow reader goes on with the chunks that have arrived.
  if (!(await inTime(load.atMost(0)))) mishaps.note(`${load.unsettled} calls were unsettled after close()`);
  if (!(await inTime(Promise.all(faults)))) mishaps.note('a promise of the broker did not settle');
  // Callers of a settled call are notified within this turn of the event loop.
  await setImmediate();
  return load;
}

function watch(broker: Broker): Target {
  const pids = new Set<number>();
  broker.on('spawn', ({ pid }) => pids.add(pid));
  broker.on('exit', ({ pid }) => pid !== undefined && pids.delete(pid));
  return { broker, pids };
}

async function inTime(promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
