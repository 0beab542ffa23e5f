import { writeFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

test('calls of higher priority start first, and equal ones in the order of their submission', async () => {
  const broker = makeBroker();
  const calls = [0, 5, -1, 5, 0, 2.5].map((priority, i) =>
    broker.call('note', [`${priority}#${i}`], { priority }),
  );
  await Promise.all(calls);
  expect(await broker.call('seen', [])).toEqual(['5#1', '5#3', '2.5#5', '0#0', '0#4', '-1#2']);
});

test('a call that exceeds its queueTimeout rejects with CallTimeoutError, and never runs', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  const running = broker.call('gate', [path]);
  const error = await caughtError(broker.call('note', ['late'], { queueTimeout: 20 }));
  expect(error).toMatchObject({
    name: 'CallTimeoutError',
    code: 'ERR_DUAL_QUEUE_TIMEOUT',
    started: false,
    method: 'note',
  });
  expect(error.message).toContain('20 ms');
  writeFileSync(path, '');
  await running;
  expect(await broker.call('seen', [])).toEqual([]);
});

test("the broker's queueTimeout applies to every call, and the start of the process counts as waiting", async () => {
  const broker = makeBroker(new URL('../fixtures/slow-constructor.mjs', import.meta.url), {
    args: [60_000],
    queueTimeout: 20,
  });
  expect(await caughtError(broker.call('constructed', []))).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT' });
});

test('a full queue rejects a call at once with QueueFullError and retryAfter, and waiting calls go on', async () => {
  const broker = await startBroker(undefined, { maxQueue: 2 });
  const path = temporaryPath();
  const atGate = line(broker, 'at the gate');
  const running = broker.call('gate', [path, 0]);
  await atGate;
  const waiting = [broker.call('echo', [1]), broker.call('echo', [2])];
  const error = await caughtError(broker.call('echo', [3], { key: 'k' }));
  expect(error).toMatchObject({
    name: 'QueueFullError',
    code: 'ERR_DUAL_QUEUE_FULL',
    started: false,
    key: 'k',
    method: 'echo',
  });
  expect(error['retryAfter']).toBeGreaterThan(0);
  expect(error.message).toContain('maxQueue is 2');
  expect(await caughtError(() => broker.submit('echo', [3], { key: 'k' }))).toMatchObject({
    code: 'ERR_DUAL_QUEUE_FULL',
  });
  expect(broker.get('k')).toBeUndefined();
  writeFileSync(path, '');
  expect(await Promise.all([running, ...waiting])).toEqual([0, 1, 2]);
  expect(await broker.call('echo', [3])).toBe(3);
});

test('maxQueueBytes limits the size of waiting arguments', async () => {
  const broker = makeBroker(undefined, { maxQueueBytes: 250_000 });
  const first = broker.call('count', [new Uint8Array(100_000)]);
  const second = broker.call('count', [new Uint8Array(100_000)]);
  const error = await caughtError(broker.call('count', [new Uint8Array(100_000)]));
  expect(error).toMatchObject({ code: 'ERR_DUAL_QUEUE_FULL' });
  expect(error.message).toContain('maxQueueBytes is 250000');
  expect(await Promise.all([first, second])).toEqual([1, 1]);
  expect(await broker.call('count', [new Uint8Array(240_000)])).toBe(1);
});

test('a maxQueue of 0 accepts a call that can run at once, but none that would wait', async () => {
  const broker = await startBroker(undefined, { maxQueue: 0 });
  const path = temporaryPath();
  const running = broker.call('gate', [path, 'ran']);
  expect(await caughtError(broker.call('echo', [1]))).toMatchObject({ code: 'ERR_DUAL_QUEUE_FULL' });
  writeFileSync(path, '');
  expect(await running).toBe('ran');
});

test('a maxQueue of 0 accepts the first call, which waits only for the start of the process', async () => {
  const broker = makeBroker(undefined, { maxQueue: 0 });
  await broker.ready();
  const first = broker.call('echo', [1]);
  expect(await caughtError(broker.call('echo', [2]))).toMatchObject({
    code: 'ERR_DUAL_QUEUE_FULL',
    retryAfter: 1_000,
  });
  expect(await first).toBe(1);
});

describe('with several processes, a full queue', () => {
  const FULL = { code: 'ERR_DUAL_QUEUE_FULL' };
  const affinity = 'mine';

  test.each([0, 2])(
    'refuses a call whose process is busy, and accepts one for a free process (maxQueue: %i)',
    async (maxQueue) => {
      const broker = await startBroker(undefined, { processes: 2, maxQueue });
      const path = temporaryPath();
      const atGate = line(broker, 'at the gate');
      const running = broker.call('gate', [path], { affinity });
      await atGate;
      const waiting = Array.from({ length: maxQueue }, (_, i) => broker.call('echo', [i], { affinity }));
      expect(await caughtError(broker.call('echo', ['mine'], { affinity }))).toMatchObject(FULL);
      await broker.ready();
      expect(await broker.call('echo', ['any'])).toBe('any');
      expect(await broker.call('echo', ['other'], { affinity: 'other' })).toBe('other');
      expect(broker.stats().queue.length).toBe(maxQueue);
      writeFileSync(path, '');
      await Promise.all([running, ...waiting]);
    },
  );

  test('accepts one call of an affinity, and one other, for two processes that start', async () => {
    const broker = makeBroker(undefined, { processes: 2, maxQueue: 0 });
    const accepted = [broker.call('echo', [1], { affinity })];
    expect(await caughtError(broker.call('echo', [2], { affinity }))).toMatchObject(FULL);
    accepted.push(broker.call('echo', [3]));
    expect(await caughtError(broker.call('echo', [4]))).toMatchObject(FULL);
    expect(await Promise.all(accepted)).toEqual([1, 3]);
  });

  test('accepts as many calls as a process that gathers a batch has other places', async () => {
    const broker = await startBroker(fixture('batches.mjs'), {
      maxQueue: 0,
      concurrency: 3,
      batch: { run: { method: 'runBatch' } },
    });
    const batched = broker.call('run', [{ value: 1 }]);
    const others = [broker.call('pid', []), broker.call('pid', [])];
    expect(await caughtError(broker.call('pid', []))).toMatchObject(FULL);
    expect(await batched).toBe(1);
    await Promise.all(others);
  });
});

test('retryAfter does not grow with the queue before any call was measured', async () => {
  const broker = makeBroker(undefined, { maxQueue: 500 });
  for (let i = 0; i < 500; i += 1) broker.submit('echo', [i]);
  expect(await caughtError(broker.call('echo', [0]))).toMatchObject({ retryAfter: 1_000 });
});

test.each([1, 50])('a call right after ready() is not refused, with %i callers', async (callers) => {
  const broker = await startBroker(undefined, { maxQueueBytes: 1_000_000 });
  const counts = await Promise.all(
    Array.from({ length: callers }, async () => {
      const results: unknown[] = [];
      for (let i = 0; i < 200 / callers; i += 1) {
        await broker.ready();
        results.push(broker.submit('block', [1, new Uint8Array(150_528)]).result);
      }
      return (await Promise.all(results)).length;
    }),
  );
  expect(counts.reduce((sum, count) => sum + count)).toBe(200);
});

test('a concurrency of Infinity sends no more than maxQueueBytes of arguments at once', async () => {
  const broker = await startBroker(undefined, { concurrency: Infinity, maxQueueBytes: 1_000_000 });
  const path = temporaryPath();
  const calls = Array.from({ length: 6 }, () => broker.submit('softGate', [path, new Uint8Array(300_000)]));
  expect(calls.map(({ state }) => state)).toEqual([
    ...Array.from({ length: 4 }, () => 'running'),
    'queued',
    'queued',
  ]);
  writeFileSync(path, '');
  await Promise.all(calls.map(({ result }) => result));
});

test('a cancelled call frees its place in the queue', async () => {
  const broker = makeBroker(undefined, { maxQueue: 1 });
  const call = broker.submit('echo', [1]);
  expect(await caughtError(broker.call('echo', [2]))).toMatchObject({ code: 'ERR_DUAL_QUEUE_FULL' });
  call.cancel();
  expect(await broker.call('echo', [3])).toBe(3);
});

test('a caller that joins a call in flight needs no place in the queue', async () => {
  const broker = makeBroker(undefined, { maxQueue: 1 });
  const [first, second] = [1, 1].map((value) => broker.call('echo', [value], { key: 'k' }));
  expect(await Promise.all([first, second])).toEqual([1, 1]);
});

test.each([{ maxQueue: 0 }, { maxQueueBytes: 0 }])(
  'ready() resolves with %j while a process is free',
  async (bound) => {
    const broker = await startBroker(undefined, bound);
    await broker.ready();
    const path = temporaryPath();
    const busy = broker.call('gate', [path, 'ran']);
    const ready = broker.ready();
    writeFileSync(path, '');
    await busy;
    await ready;
  },
);
