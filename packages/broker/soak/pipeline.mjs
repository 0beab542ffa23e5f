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

/** What the act `hog` takes: more than the limit in `plan-round.ts`. */
const HOG_PIECES = 10;
const HOG_PIECE_BYTES = 60 * 1024 * 1024;

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
  hog() {
    const taken = [];
    for (let i = 0; i < HOG_PIECES; i += 1) taken.push(Buffer.alloc(HOG_PIECE_BYTES, 1));
    for (;;) pause(taken.length);
  },
};

export default class SoakPipeline {
  dieAtNext = false;
  #journal;
  #runs = 0;

  /** @param journal File to which each call appends its start, before it does anything else. */
  constructor(journal, loadMs) {
    this.#journal = openSync(journal, 'a');
    pause(loadMs);
  }

  run(spec, payload) {
    this.#begin([{ spec, call: currentCall() }]);
    return this.#act(spec, currentCall(), () => ({
      id: spec.id,
      sum: crc32(payload),
      bytes: Buffer.alloc(spec.returnBytes, `${spec.id};`),
    }));
  }

  /** Never runs: its calls run in `many`. */
  one({ spec }) {
    throw new Error(`soak: call ${spec.id} ran outside of a batch`);
  }

  async many(items) {
    const { calls } = currentCall();
    this.#begin(items.map(({ spec }, i) => ({ spec, call: calls[i] })));
    const results = [];
    for (const [i, { spec, payload }] of items.entries()) {
      const answer = () => ({
        id: spec.id,
        sum: crc32(payload),
        bytes: Buffer.alloc(spec.returnBytes, `${spec.id};`),
      });
      try {
        results.push(await this.#act(spec, calls[i], answer));
      } catch (error) {
        results.push(error); // rejects this call alone
      }
    }
    return results;
  }

  /** Acts in the middle of the stream. */
  async *chunks(spec, payload) {
    const call = currentCall();
    this.#begin([{ spec, call }]);
    const middle = Math.floor(spec.chunks / 2);
    for (let number = 0; number < spec.chunks; number += 1) {
      if (number === middle) await this.#act(spec, call, () => undefined);
      const bytes = Buffer.alloc(number === 0 ? spec.returnBytes : number, `${spec.id};`);
      yield { id: spec.id, number, sum: crc32(payload), bytes };
    }
    if (spec.chunks === 0) await this.#act(spec, call, () => undefined);
  }

  /** Notes the start of calls that run together. */
  #begin(calls) {
    this.#runs += 1;
    const lines = calls.map(({ spec, call }) => `${spec.id} ${call.attempt} ${process.pid} ${this.#runs}\n`);
    writeSync(this.#journal, lines.join(''));
    if (this.dieAtNext) die();
  }

  #act({ id, act, ms, deaths, reports }, { attempt, signal, progress }, answer) {
    for (let number = 1; number <= reports; number += 1) progress({ id, number });
    return acts[act]({ id, ms, deaths, attempt, signal, answer, pipeline: this });
  }
}
