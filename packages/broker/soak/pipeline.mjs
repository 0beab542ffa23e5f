import { openSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

import { currentCall } from '@dual/broker/pipeline';

const cell = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms) => Atomics.wait(cell, 0, 0, ms);
const die = () => {
  process.kill(process.pid, 'SIGKILL');
  pause(60_000);
};
const never = () => new Promise(() => {});

/** The file descriptor on which the child sends to its broker. */
const CHANNEL = 3;

/** The acts of `plan.ts`: harmless ones and faults. */
const acts = {
  echo: ({ answer }) => answer(),
  block({ ms, answer }) {
    pause(ms);
    return answer();
  },
  async later({ ms, answer }) {
    await delay(ms);
    return answer();
  },
  throw({ id }) {
    throw Object.assign(new Error(`soak: thrown by ${id}`), { id });
  },
  async heed({ signal, answer }) {
    await new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', resolve);
    });
    return answer();
  },
  hang: never,
  spin() {
    process.stdout.write('spinning\n');
    for (;;);
  },
  exit({ attempt, deaths, ms, answer }) {
    if (attempt >= deaths) return answer();
    pause(ms);
    process.exit(7);
  },
  die({ attempt, deaths, ms, answer }) {
    if (attempt >= deaths) return answer();
    pause(ms);
    return die();
  },
  crash({ id, ms }) {
    setTimeout(() => {
      throw new Error(`soak: crash of ${id}`);
    }, ms);
    return never();
  },
  reject({ id }) {
    void Promise.reject(new Error(`soak: crash of ${id}`));
    return never();
  },
  lateCrash({ id, ms, answer }) {
    setTimeout(() => {
      throw new Error(`soak: late crash of ${id}`);
    }, ms);
    return answer();
  },
  answerThenDie({ id, answer }) {
    if (id % 2 === 0) setImmediate(() => setImmediate(die));
    else setImmediate(die);
    return answer();
  },
  dieNext({ answer, pipeline }) {
    pipeline.dieAtNext = true;
    return answer();
  },
  flood({ id, answer }) {
    process.stdout.write(`${id} `.repeat(200_000));
    process.stderr.write(`${id}\n`.repeat(20_000));
    return answer();
  },
  garbage() {
    writeFileSync(CHANNEL, 'this text is long enough to be read as a frame, but is none');
    return never();
  },
};

export default class SoakPipeline {
  dieAtNext = false;
  #journal;

  /** @param journal File to which each call appends its start, before it does anything else. */
  constructor(journal, loadMs) {
    this.#journal = openSync(journal, 'a');
    pause(loadMs);
  }

  run({ id, act, ms, returnBytes, deaths }, payload) {
    const { attempt, signal } = currentCall();
    writeSync(this.#journal, `${id} ${attempt} ${process.pid}\n`);
    if (this.dieAtNext) die();
    const answer = () => ({ id, sum: crc32(payload), bytes: Buffer.alloc(returnBytes, `${id};`) });
    return acts[act]({ id, ms, deaths, attempt, signal, answer, pipeline: this });
  }
}
