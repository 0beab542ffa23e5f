import type { CommonOptions } from '@dual/broker';

import { Random } from './random.js';

/** The behaviour of a call in the child. `pipeline.mjs` has a function for each. */
export type Act = HarmlessAct | FaultyAct;

export type HarmlessAct = 'echo' | 'block' | 'later';

export type FaultyAct =
  | 'throw' // rejects with an error of the pipeline
  | 'heed' // waits until its signal fires
  | 'hang' // never answers
  | 'spin' // never answers, and blocks
  | 'exit' // calls process.exit during the call
  | 'die' // sends itself SIGKILL during the call
  | 'crash' // a timer throws an uncaught error during the call
  | 'reject' // a promise rejects unhandled during the call
  | 'lateCrash' // a timer throws an uncaught error after the call
  | 'answerThenDie' // sends itself SIGKILL right after the call
  | 'dieNext' // sends itself SIGKILL at the beginning of the next call
  | 'flood' // writes megabytes to stdout and stderr
  | 'garbage'; // writes garbage to the channel

/** A fault from outside, of the child or the broker. */
export type Fault = 'kill' | 'terminate' | 'segfault' | 'stop' | 'reload' | 'blockParent' | 'close';

export interface CallPlan {
  /** Unique in its round. */
  readonly id: number;
  readonly act: Act;
  /** How long the act takes, in ms. */
  readonly ms: number;
  readonly sendBytes: number;
  readonly returnBytes: number;
  /** For the acts `exit` and `die`: number of attempts that kill the process. The next attempt succeeds. */
  readonly deaths: number;
  readonly style: 'call' | 'submit';
  readonly keyed: boolean;
  readonly priority: number;
  readonly retries: number;
  readonly timeout: number | undefined;
  readonly queueTimeout: number | undefined;
  /** The caller cancels the call after `afterMs` ms. */
  readonly cancel: { readonly by: 'signal' | 'method'; readonly afterMs: number } | undefined;
}

export type Step =
  | { readonly kind: 'call'; readonly call: CallPlan }
  /** Submits the same call again, under the same key. */
  | { readonly kind: 'repeat'; readonly call: CallPlan }
  /** Submits a call with other arguments, under a key that may be in flight. */
  | { readonly kind: 'clash'; readonly call: CallPlan }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly afterMs: number; readonly ms: number }
  | { readonly kind: 'pause'; readonly ms: number };

/** The parallelism of a broker. */
export interface Shape {
  readonly processes: number;
  readonly concurrency: number;
}

/** The life of one broker. */
export interface RoundPlan {
  readonly round: number;
  readonly steps: readonly Step[];
  /** Number of calls that may be unsettled before the load waits. */
  readonly window: number;
  readonly options: CommonOptions;
  readonly shape: Shape;
  /** How long the constructor takes, in ms. */
  readonly loadMs: number;
  readonly closeTimeout: number | undefined;
}

const HARMLESS: Readonly<Record<HarmlessAct, number>> = { echo: 97, block: 1.5, later: 1.5 };
const FAULTY: Readonly<Record<FaultyAct, number>> = {
  throw: 6,
  heed: 3,
  hang: 1,
  spin: 1,
  exit: 2,
  die: 2,
  crash: 2,
  reject: 2,
  lateCrash: 2,
  answerThenDie: 3,
  dieNext: 3,
  flood: 2,
  garbage: 1,
};
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

/**
 * Plans a round. The same seed and round give the same plan.
 * @param calls Number of calls, not counting repeats and clashes.
 */
export function planRound(seed: number, round: number, calls: number, shape: Shape): RoundPlan {
  const random = new Random(seed, round);
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
        afterMs: random.magnitude(0, 60),
        ms: faultDuration(fault, random),
      });
    }
    if (random.chance(0.003)) steps.push({ kind: 'pause', ms: random.magnitude(0, 30) });
    const call = planCall(id, random, random.chance(faultRate));
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
    options: { ...planOptions(random, window), ...shape },
    shape,
    loadMs: random.chance(0.2) ? random.magnitude(0, 50) : 0,
    closeTimeout: random.chance(0.5) ? random.magnitude(0, 200) : undefined,
  };
}

export function isHarmless(act: Act): act is HarmlessAct {
  return act in HARMLESS;
}

function planCall(id: number, random: Random, faulty: boolean): CallPlan {
  const act = faulty ? random.pick(FAULTY) : random.pick(HARMLESS);
  const endless = act === 'heed' || act === 'hang' || act === 'spin';
  const big = random.chance(0.002);
  const medium = random.chance(0.03);
  // `answerThenDie` needs a large result, so that the process dies while it writes.
  const most = big || act === 'answerThenDie' ? 4 * MIB : medium ? 128 * 1024 : 200;
  return {
    id,
    act,
    ms: act === 'echo' ? 0 : random.magnitude(0, 12),
    sendBytes: random.magnitude(0, most),
    returnBytes: random.magnitude(0, most),
    deaths: random.integer(1, 2),
    style: random.chance(0.5) ? 'call' : 'submit',
    keyed: random.chance(0.3),
    priority: random.chance(0.1) ? random.integer(-1, 2) : 0,
    retries: random.chance(0.1) ? random.integer(1, 3) : 0,
    timeout: endless || random.chance(0.003) ? random.magnitude(1, 60) : undefined,
    queueTimeout: random.chance(0.005) ? random.magnitude(0, 60) : undefined,
    cancel:
      (endless && random.chance(0.5)) || random.chance(0.005)
        ? { by: random.chance(0.5) ? 'signal' : 'method', afterMs: random.magnitude(0, 30) }
        : undefined,
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
