import type { CommonOptions } from '@dual/broker';

import type { CallPlan, Fault, RoundPlan, Shape, Step, Wishes } from './plan.js';
import { isHarmless, planCall, type Traits } from './plan-call.js';
import { Random } from './random.js';

const FAULTS: Readonly<Record<Fault, number>> = {
  kill: 8,
  terminate: 2,
  segfault: 2,
  stop: 4,
  reload: 4,
  blockParent: 4,
  close: 0.2,
};

const MIB = 1024 * 1024;
/** A process with a fresh pipeline and a few large results takes about half of it. */
const MEMORY_LIMIT = 400 * MIB;

/**
 * Plans a round. The same seed and round give the same plan.
 * @param calls Number of calls, not counting repeats and clashes.
 */
export function planRound(seed: number, round: number, calls: number, wishes: Wishes): RoundPlan {
  const random = new Random(seed, round);
  const shape = {
    processes: wishes.processes ?? (random.chance(0.5) ? 1 : random.integer(2, 4)),
    concurrency: wishes.concurrency ?? (random.chance(0.5) ? 1 : random.integer(2, 8)),
  };
  const traits = planTraits(random);
  const window = random.magnitude(1, 500);
  // The rate differs per round, so that some rounds have long runs without a fault and others have many at once.
  const faultRate = random.magnitude(0, 15) / 1_000;
  const steps: Step[] = [];
  let repeatable: CallPlan | undefined;
  for (let id = 1; id <= calls; id += 1) {
    if (random.chance(faultRate / 2)) {
      const fault = random.pick(FAULTS);
      steps.push({
        kind: 'fault',
        fault,
        victim: random.integer(0, 11),
        afterMs: random.magnitude(0, 60),
        ms: faultDuration(fault, random),
      });
    }
    if (random.chance(0.003)) steps.push({ kind: 'pause', ms: random.magnitude(0, 30) });
    if (traits.idleAfter !== undefined && random.chance(0.003)) {
      steps.push({ kind: 'pause', ms: random.integer(0, 2 * traits.idleAfter) });
    }
    const call = planCall(id, random, random.chance(faultRate), traits);
    steps.push({ kind: 'call', call });
    if (call.keyed && isHarmless(call.act)) repeatable = call;
    if (repeatable !== undefined && random.chance(0.01)) steps.push({ kind: 'repeat', call: repeatable });
    if (repeatable !== undefined && random.chance(0.003)) {
      steps.push({ kind: 'clash', call: repeatable });
    }
  }
  return {
    round,
    steps,
    window,
    options: {
      ...planOptions(random, window),
      ...traitOptions(traits, random),
      processes:
        traits.idleAfter === undefined ? shape.processes : planRange(shape, traits.idleAfter, random),
      concurrency: shape.concurrency,
    },
    batch: {
      maxSize: random.integer(1, 32),
      maxDelay: random.chance(0.5) ? 'auto' : random.magnitude(0, 20),
    },
    shape,
    loadMs: random.chance(0.2) ? random.magnitude(0, 50) : 0,
    closeTimeout: random.chance(0.5) ? random.magnitude(0, 200) : undefined,
  };
}

function planTraits(random: Random): Traits {
  return {
    affinities: random.chance(0.3) ? random.integer(1, 12) : 0,
    threshold: random.chance(0.4) ? random.magnitude(16 * 1024, 256 * 1024) : undefined,
    limited: random.chance(0.15),
    idleAfter: random.chance(0.2) ? random.magnitude(5, 200) : undefined,
  };
}

function planRange(
  { processes }: Shape,
  idleAfter: number,
  random: Random,
): Exclude<CommonOptions['processes'], number | undefined> {
  return { min: random.integer(0, processes - 1), max: processes, idleAfter };
}

function traitOptions({ threshold, limited }: Traits, random: Random): CommonOptions {
  return {
    sharedMemory: threshold === undefined ? false : { size: random.integer(1, 16) * MIB, threshold },
    ...(limited && { limits: { memory: MEMORY_LIMIT } }),
  };
}

function planOptions(random: Random, window: number): CommonOptions {
  return {
    output: 'ignore',
    // Do not pass on the soak's TypeScript loader, which the pipeline does not need.
    execArgv: [],
    restart: { limit: Infinity, minDelay: 1, maxDelay: 20 },
    killDelay: { timeout: random.magnitude(1, 80), cancel: random.magnitude(1, 200) },
    ...(random.chance(0.3) && { maxQueue: Math.max(1, window - random.integer(0, 3)) }),
    ...(random.chance(0.3) && { recycle: { afterCalls: random.magnitude(100, 2_000) } }),
    ...(random.chance(0.2) && { keep: { results: random.integer(0, 20) } }),
  };
}

function faultDuration(fault: Fault, random: Random): number {
  if (fault === 'stop') return random.magnitude(1, 300);
  // 1,300 ms is longer than the broker waits for the pipes of a dead process to end.
  if (fault === 'blockParent') return random.chance(0.1) ? 1_300 : random.magnitude(1, 100);
  return 0;
}
