import { randomUUID } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import type { Frame } from '../../src/channel/frame.js';
import { encodeBatch, encodeCall, ToBroker, ToChild } from '../../src/channel/messages.js';
import { currentCall } from '../../src/child/context.js';
import { Host } from '../../src/child/host.js';
import { Methods } from '../../src/child/methods.js';

/** A pipe that is full until `open` is called. */
class FullPipe {
  readonly sent: number[][] = [];
  #open = false;
  #wake: (() => void)[] = [];

  send(frame: Frame): void {
    this.sent.push([frame.type, frame.id]);
  }

  hold(frame: Frame): void {
    this.send(frame);
  }

  answer(frames: readonly Frame[]): void {
    for (const frame of frames) this.send(frame);
  }

  flush(): boolean {
    return this.#open || this.sent.length === 0;
  }

  async flushed(): Promise<void> {
    if (!this.flush()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  open(): void {
    this.#open = true;
    for (const wake of this.#wake.splice(0)) wake();
  }
}

function call(id: number, ...args: unknown[]): Frame {
  const payload = encodeCall({ key: String(id), method: 'run', args });
  return { type: ToChild.Call, id, attempt: 0, payload };
}

interface Made {
  readonly host: Host;
  readonly pipe: FullPipe;
  readonly ran: unknown[];
  readonly turn: () => Promise<void>;
}

function makeHost(run?: () => unknown): Made {
  const ran: unknown[] = [];
  const pipe = new FullPipe();
  const pipeline = { run: run ?? ((value: unknown) => ran.push(value)) };
  const host = new Host({
    methods: new Methods(pipeline, { expose: undefined, batchMethods: {} }),
    concurrency: 1,
    keySeries: randomUUID(),
    maxMessageBytes: Infinity,
    timeout: Infinity,
    aborted: { look: () => undefined },
    channel: pipe,
    onFailure: (error) => {
      throw error;
    },
  });
  return { host, pipe, ran, turn: () => new Promise((resolve) => setImmediate(resolve)) };
}

test('a call starts only after the answer of the call before it has left', async () => {
  const { host, pipe, ran } = makeHost();
  for (const id of [1, 2]) host.take(call(id, id));
  host.work();
  expect(ran).toEqual([1]);
  pipe.open();
  await host.idle();
  expect(ran).toEqual([1, 2]);
});

test('a call starts only after the report that the call before it was dropped has left', async () => {
  const { host, pipe, ran, turn } = makeHost();
  for (const id of [1, 2, 3]) host.take(call(id, id));
  host.work();
  host.abort(2);
  await turn();
  expect(pipe.sent).toEqual([
    [ToBroker.Result, 1],
    [ToBroker.Dropped, 2],
  ]);
  expect(ran).toEqual([1]);
  pipe.open();
  await host.idle();
  expect(ran).toEqual([1, 3]);
});

test('a call that is aborted while it waits for the pipe does not run', async () => {
  const { host, pipe, ran } = makeHost();
  for (const id of [1, 2]) host.take(call(id, id));
  host.work();
  host.abort(2);
  pipe.open();
  await host.idle();
  expect(ran).toEqual([1]);
});

describe('an abandoned call, by its id, of which the ring tells before the message', () => {
  const seen: unknown[] = [];
  const makeWatching = (): Host => {
    seen.length = 0;
    const { host, pipe } = makeHost(() => seen.push(currentCall()?.cancelled));
    pipe.open();
    return host;
  };
  const run = async (host: Host, ...frames: readonly Frame[]): Promise<void> => {
    for (const frame of frames) host.take(frame);
    host.work();
    await host.idle();
  };

  test.each([1, 0xffff_ffff, 0x8000_0000])('is known to the next call that has it: %p', async (id) => {
    const host = makeWatching();
    const next = (id + 1) >>> 0;
    await run(host, call((id - 1) >>> 0));
    host.flag(next);
    await run(host, call(id), call(next));
    expect(seen).toEqual([false, false, true]);
  });

  test('is known to a call that waits, also in a batch', async () => {
    const host = makeWatching();
    host.takeMember({ ...call(1), type: ToChild.Member });
    host.take({ ...call(2), type: ToChild.Batch, payload: encodeBatch({ method: 'run', members: [1] }) });
    host.flag(1);
    host.take(call(3));
    host.flag(3);
    await run(host);
    expect(seen).toEqual([true, true]);
  });

  test.each(['has ended', 'was dropped'])('is forgotten if it %s', async (how) => {
    const host = makeWatching();
    host.take(call(1));
    if (how === 'was dropped') host.abort(1);
    await run(host);
    host.flag(1);
    // The ids have started again.
    await run(host, call(1));
    expect(seen.pop()).toBe(false);
  });
});

test('the event loop gets its turns even if computing calls only wait for promises', async () => {
  let turns = 0;
  let next: NodeJS.Immediate | undefined;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  const seen = new Set<number>();
  const { host, pipe } = makeHost(async () => {
    await Promise.resolve();
    const started = performance.now();
    while (performance.now() - started < 2);
    seen.add(turns);
  });
  pipe.open();
  count();
  for (const id of [1, 2, 3, 4, 5, 6]) host.take(call(id));
  host.work();
  await host.idle();
  clearImmediate(next);
  expect(seen.size).toBeGreaterThanOrEqual(3);
});
