import type { Act, CallPlan, FaultyAct, HarmlessAct, Kind, ReaderPlan } from './plan.js';
import type { Random } from './random.js';

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
  hog: 0,
};
/** A batch has no act that never ends or that fails in other code: its calls would share that fate. */
const FAULTY_IN_BATCH = {
  throw: 6,
  exit: 2,
  die: 2,
  lateCrash: 1,
  answerThenDie: 1,
  dieNext: 2,
  flood: 1,
} as const satisfies Partial<Record<FaultyAct, number>>;
const KINDS: Readonly<Record<Kind, number>> = { plain: 6, batched: 3, streamed: 1 };

const MIB = 1024 * 1024;

/** The traits of a round that its calls depend on. */
export interface Traits {
  /** Number of affinities. */
  readonly affinities: number;
  /** Buffers from this length on go through shared memory, in bytes; `undefined` if there is none. */
  readonly threshold: number | undefined;
  readonly limited: boolean;
  /** How long an idle process stays, in ms; `undefined` if it stays for good. */
  readonly idleAfter: number | undefined;
}

export function isHarmless(act: Act): act is HarmlessAct {
  return act in HARMLESS;
}

/** @param faulty Whether it has a faulty act. */
export function planCall(id: number, random: Random, faulty: boolean, traits: Traits): CallPlan {
  const kind = random.pick(KINDS);
  const act = faulty ? planFault(kind, random, traits) : random.pick(HARMLESS);
  const endless = act === 'heed' || act === 'hang' || act === 'spin';
  const big = random.chance(0.002);
  const medium = random.chance(0.03);
  // `answerThenDie` needs a large result, so that the process dies while it writes.
  const most = big || act === 'answerThenDie' ? 4 * MIB : medium ? 128 * 1024 : 200;
  const bytes = (): number => {
    const { threshold } = traits;
    if (threshold === undefined || !random.chance(0.1)) return random.magnitude(0, most);
    return Math.max(0, threshold + random.integer(-2, 2));
  };
  return {
    id,
    kind,
    act,
    ms: act === 'echo' ? 0 : random.magnitude(0, 12),
    sendBytes: bytes(),
    returnBytes: bytes(),
    deaths: random.integer(1, 2),
    style: random.chance(0.5) ? 'call' : 'submit',
    // No other call can join a stream.
    keyed: kind !== 'streamed' && random.chance(0.3),
    priority: random.chance(0.1) ? random.integer(-1, 2) : 0,
    affinity:
      traits.affinities > 0 && random.chance(0.5) ? `a${random.integer(1, traits.affinities)}` : undefined,
    reports: random.chance(0.05) ? random.magnitude(1, 60) : 0,
    reader: kind === 'streamed' ? planReader(random) : undefined,
    retries: random.chance(0.1) ? random.integer(1, 3) : 0,
    timeout: endless || random.chance(0.003) ? random.magnitude(1, 60) : undefined,
    queueTimeout: random.chance(0.005) ? random.magnitude(0, 60) : undefined,
    cancel:
      (endless && random.chance(0.5)) || random.chance(0.005)
        ? { by: random.chance(0.5) ? 'signal' : 'method', afterMs: random.magnitude(0, 30) }
        : undefined,
  };
}

function planFault(kind: Kind, random: Random, { limited }: Traits): FaultyAct {
  if (limited && random.chance(0.2)) return 'hog';
  return kind === 'batched' ? random.pick(FAULTY_IN_BATCH) : random.pick(FAULTY);
}

function planReader(random: Random): ReaderPlan {
  const chunks = random.magnitude(0, 40);
  return {
    chunks,
    delayMs: random.chance(0.2) ? random.magnitude(0, 20) : 0,
    leavesAfter: random.chance(0.2) ? random.integer(0, chunks) : undefined,
  };
}
