import { type Broker, BrokerClosedError } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { readAll } from '../support/streams.js';

async function start(options: TestOptions = {}): Promise<Broker> {
  const batch = { one: { method: 'many', maxSize: 8 } };
  return startBroker(fixture('beside-batches.mjs'), { batch, ...options });
}

/** Clients that each ask again as soon as they are answered. @returns A function that ends them. */
function busyClients(count: number, ask: () => Promise<unknown>): () => Promise<void> {
  let over = false;
  const clients = Array.from({ length: count }, async () => {
    while (!over) await ask();
  });
  return async () => {
    over = true;
    await Promise.all(clients);
  };
}

describe('a call that makes batches starts in its turn', () => {
  test.each([0, 10])('beside other calls that wait (priority %i)', async (priority) => {
    const broker = await start();
    const calls = [broker.call('plain', ['first']), broker.call('one', ['batched'], { priority })];
    await new Promise(setImmediate);
    for (let i = 0; i < 10; i += 1) calls.push(broker.call('plain', ['later']));
    await Promise.all(calls);
    expect(await broker.call('started', [])).toEqual([
      'first',
      'batched',
      ...Array<string>(10).fill('later'),
    ]);
  });

  test.each<[string, TestOptions]>([
    ['one process', {}],
    ['several processes', { processes: 2 }],
    ['a fixed maxDelay', { batch: { one: { method: 'many', maxDelay: 20 } } }],
  ])('beside clients that ask again and again, with %s', async (_, options) => {
    const broker = await start(options);
    const end = busyClients(3, () => broker.call('plain', ['again']));
    for (let i = 0; i < 5; i += 1) expect(await broker.call('one', [i])).toBe(i);
    await end();
  });

  test('beside streams', async () => {
    const broker = await start();
    const end = busyClients(2, () => readAll(broker.stream('words', [])));
    expect(await broker.call('one', ['batched'])).toBe('batched');
    await end();
  });

  test('beside urgent calls without end, after five seconds', async () => {
    const broker = await start();
    const end = busyClients(3, () => broker.call('plain', ['urgent'], { priority: 10 }));
    expect(await broker.call('one', ['batched'])).toBe('batched');
    await end();
  }, 20_000);
});

test('a stream of a method that makes batches joins no batch, and is refused as any stream of it', async () => {
  const broker = await start({ processes: 2 });
  const options = { affinity: 'a' };
  const calls = [1, 2].map((x) => broker.call('one', [x], options));
  const stream = broker.stream('one', [3], options)[Symbol.asyncIterator]();
  expect(await caughtError(stream.next())).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
  expect(await Promise.all(calls)).toEqual([1, 2]);
});

test('a batch does not wait for calls that the full queue would refuse', async () => {
  const broker = await start({ maxQueue: 3, batch: { one: { method: 'many', maxDelay: 3_600_000 } } });
  expect(await Promise.all([1, 2, 3].map((i) => broker.call('one', [i])))).toEqual([1, 2, 3]);
  expect(broker.stats().batches).toMatchObject({ one: { calls: 3, reasons: { idle: 1 } } });
});

test('a batch method that is a generator fails the start, and the error names the option', async () => {
  const broker = makeBroker(fixture('beside-batches.mjs'), { batch: { one: { method: 'generated' } } });
  const error = await caughtError(broker.start());
  expect(error).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  expect(error.message).toContain('batch.one.method');
  expect(error.message).toContain('generator');
});

test('rejecting many queued calls gives the event loop turns, and close() waits for all of them', async () => {
  const broker = makeBroker(fixture('slow-constructor.mjs'), { args: [60_000] });
  const calls = Array.from({ length: 10_000 }, () => broker.submit('constructed', []));
  const failed = Promise.allSettled(calls.map(({ result }) => result));
  let turns = 0;
  let open = true;
  const count = (): void => {
    turns += 1;
    if (open) setImmediate(count);
  };
  setImmediate(count);
  await broker.close({ timeout: 0 });
  open = false;
  expect(calls.filter(({ state }) => state !== 'failed')).toEqual([]);
  expect(turns).toBeGreaterThan(20);
  const closed = (await failed).map(
    (one) => one.status === 'rejected' && one.reason instanceof BrokerClosedError,
  );
  expect(new Set(closed)).toEqual(new Set([true]));
});
