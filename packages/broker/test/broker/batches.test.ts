import { writeFileSync } from 'node:fs';

import type { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const RUN = { method: 'runBatch', maxSize: 4, maxDelay: 0 };
const WAIT = { method: 'waitBatch', maxSize: 4, maxDelay: 0 };

const start = (
  batch: TestOptions['batch'] = { run: RUN, wait: WAIT },
  options: TestOptions = {},
): Promise<Broker> => startBroker(fixture('batches.mjs'), { batch, ...options });

/**
 * Blocks the process, so that calls wait.
 * @returns A function that unblocks it.
 */
async function blocked(broker: Broker): Promise<() => void> {
  const path = temporaryPath();
  const blocking = line(broker, 'blocking');
  void broker.call('block', [path]);
  await blocking;
  return () => {
    writeFileSync(path, '');
  };
}

const run = (broker: Broker, item: object, options?: object): Promise<unknown> =>
  broker.call('run', [item], options);

test('waiting calls leave in order, in batches of at most maxSize, and each gets its own result', async () => {
  const broker = await start();
  const release = await blocked(broker);
  const results = [1, 2, 3, 4, 5, 6].map((value) => run(broker, { value }));
  release();
  expect(await Promise.all(results)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await broker.call('batches', [])).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
  expect(broker.stats().batches).toEqual({
    run: {
      count: 2,
      calls: 6,
      reasons: { full: 1, delay: 1, idle: 0 },
      sizes: [
        { upTo: 1, count: 0 },
        { upTo: 2, count: 1 },
        { upTo: 4, count: 1 },
      ],
    },
  });
});

test('calls of one turn of the event loop leave together, even if a process is free', async () => {
  const broker = await start();
  expect(await Promise.all([1, 2, 3].map((value) => run(broker, { value })))).toEqual([1, 2, 3]);
  expect(await broker.call('batches', [])).toEqual([[1, 2, 3]]);
});

describe('a batch leaves', () => {
  test('when it is full, long before maxDelay is over', async () => {
    const broker = await start({ run: { ...RUN, maxDelay: 3_600_000 } });
    const results = [1, 2, 3, 4].map((value) => run(broker, { value }));
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
    expect(broker.stats().batches['run']?.reasons).toEqual({ full: 1, delay: 0, idle: 0 });
  });

  test('when its first call has waited for maxDelay, but no sooner', async () => {
    const broker = await start({ run: { ...RUN, maxDelay: 50 } });
    const before = performance.now();
    const first = run(broker, { value: 1 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const second = run(broker, { value: 2 });
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    expect(performance.now() - before).toBeGreaterThan(49);
    expect(await broker.call('batches', [])).toEqual([[1, 2]]);
    expect(broker.stats().batches['run']?.reasons).toEqual({ full: 0, delay: 1, idle: 0 });
  });

  test('when the broker is closing, because no more calls will come', async () => {
    const broker = await start({ run: { ...RUN, maxDelay: Infinity } });
    const results = [1, 2].map((value) => run(broker, { value }));
    await broker.drain();
    expect(await Promise.all(results)).toEqual([1, 2]);
    expect(broker.stats().batches['run']?.reasons).toEqual({ full: 0, delay: 0, idle: 1 });
  });

  test.each<[string, number, TestOptions]>([
    ['maxQueue', 2, { maxQueue: 2 }],
    ['maxQueueBytes, which a third such call would exceed', 2, { maxQueueBytes: 100_000 }],
    ['maxQueueBytes, which a second such call would exceed', 1, { maxQueueBytes: 60_000 }],
    ['recycle.afterCalls', 3, { recycle: { afterCalls: 3 } }],
  ])('when no call could join it because of %s', async (_, size, options) => {
    const broker = await start({ run: { ...RUN, maxDelay: Infinity } }, options);
    const values = Array.from({ length: size }, (__, i) => i);
    const padding = new Uint8Array(40_000);
    expect(await Promise.all(values.map((value) => run(broker, { value, padding })))).toEqual(values);
    expect(await broker.call('batches', [])).toEqual(options.recycle === undefined ? [values] : []);
  });

  test('before one of its calls exceeds its queueTimeout', async () => {
    const broker = await start({ run: { ...RUN, maxDelay: Infinity } });
    expect(await run(broker, { value: 1 }, { queueTimeout: 5_000 })).toBe(1);
    expect(broker.stats().batches['run']?.reasons).toMatchObject({ delay: 1 });
  }, 30_000);
});

test("with maxDelay 'auto', a single caller never waits, and the calls of many callers form batches", async () => {
  const broker = await start({ run: { method: 'runBatch', maxSize: 16 } });
  for (let value = 0; value < 20; value += 1) await run(broker, { value });
  expect(broker.stats().batches['run']?.reasons).toEqual({ full: 0, delay: 0, idle: 20 });
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let value = 0; value < 10; value += 1) await run(broker, { value });
    }),
  );
  expect(broker.stats().batches['run']?.count).toBeLessThan(20 + 40);
});

test('calls of different priorities form separate batches, which do not wait for each other', async () => {
  const broker = await start({ run: { ...RUN, maxDelay: Infinity } });
  const low = broker.submit('run', [{ value: 'low' }]);
  const high = [1, 2, 3, 4].map((value) => run(broker, { value }, { priority: 1 }));
  expect(await Promise.all(high)).toEqual([1, 2, 3, 4]);
  expect(low.state).toBe('queued');
  // A call of another method waits for neither batch.
  expect(await broker.call('pid', [])).toEqual(expect.any(Number));
  expect(low.state).toBe('queued');
});

describe('each call settles on its own', () => {
  test('an error in the array rejects only the call in its place', async () => {
    const broker = await start();
    const results = [
      run(broker, { value: 1 }),
      caughtError(run(broker, { value: 2, error: 'mine' })),
      run(broker, { value: 3 }),
    ];
    const [one, error, three] = await Promise.all(results);
    expect([one, three]).toEqual([1, 3]);
    expect(error).toMatchObject({ name: 'TypeError', message: 'mine' });
    expect(await broker.call('batches', [])).toHaveLength(1);
  });

  test('a result that cannot be serialized rejects only the call in its place', async () => {
    const broker = await start();
    const one = run(broker, { value: 1 });
    const error = caughtError(run(broker, { value: 2, act: 'function' }));
    expect(await one).toBe(1);
    expect(await error).toMatchObject({ name: 'SerializationError', path: 'result' });
  });

  test('an error that the batch method throws rejects every call, each with its own error object', async () => {
    const broker = await start();
    const errors = await Promise.all(
      [{ value: 1 }, { value: 2, act: 'throw' }].map((item) => caughtError(run(broker, item))),
    );
    for (const error of errors) expect(error).toMatchObject({ name: 'RangeError', message: 'for all' });
    expect(errors[0]).not.toBe(errors[1]);
    expect(await run(broker, { value: 3 })).toBe(3);
  });

  test.each([
    ['short', 'an array of 1'],
    ['text', 'a value of type string'],
  ])('every call rejects if the batch method does not return one result per call (%s)', async (act, what) => {
    const broker = await start();
    const errors = await Promise.all(
      [{ value: 1 }, { value: 2, act }].map((item) => caughtError(run(broker, item))),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ name: 'BatchResultError', code: 'ERR_DUAL_BATCH_RESULT', method: 'run' });
      expect(error.message).toBe(
        `runBatch must return an array with a result for each of its 2 calls, not ${what}`,
      );
    }
  });

  test('every call rejects with its own ProcessExitError if the process dies', async () => {
    const broker = await start();
    const errors = await Promise.all(
      [{ value: 1 }, { value: 2, act: 'die' }].map((item, i) =>
        caughtError(run(broker, item, { key: `k${i}` })),
      ),
    );
    expect(errors).toMatchObject([
      { name: 'ProcessExitError', started: true, key: 'k0' },
      { name: 'ProcessExitError', started: true, key: 'k1' },
    ]);
  });

  test('calls retry one by one, so that a deadly call does not kill the others a second time', async () => {
    const broker = await start();
    const deadly = caughtError(run(broker, { value: 'deadly', act: 'die' }, { retries: 3 }));
    const others = [1, 2].map((value) => run(broker, { value }, { retries: 1 }));
    expect(await Promise.all(others)).toEqual([1, 2]);
    expect(await deadly).toMatchObject({ name: 'ProcessExitError' });
  });
});

describe('while a batch runs', () => {
  test('currentCall() describes the batch and its calls, and each call reports its own progress', async () => {
    const broker = await start();
    const path = temporaryPath();
    const progress: unknown[][] = [[], []];
    const results = [0, 1].map((i) =>
      broker.call('wait', [path], { key: `key-${i}`, onProgress: (value) => progress[i]?.push(value) }),
    );
    writeFileSync(path, '');
    const own = { key: 'key-0', method: 'waitBatch', attempt: 0, ownMethod: 'wait' };
    expect(await Promise.all(results)).toEqual([
      { ...own, own: 'key-0' },
      { ...own, own: 'key-1' },
    ]);
    expect(progress).toEqual([
      ['own 0', 'of all'],
      ['own 1', 'of all'],
    ]);
  });

  test('cancelling a call fires its own signal, and the signal of the batch fires once all are cancelled', async () => {
    const broker = await start();
    const said: string[] = [];
    broker.on('output', (text) => said.push(text));
    const waiting = line(broker, 'waiting');
    const path = temporaryPath();
    const [one, other] = ['one', 'other'].map((key) => broker.submit('wait', [path], { key }));
    await waiting;
    const oneAbandoned = line(broker, 'one abandoned');
    one?.cancel();
    await oneAbandoned;
    const abandoned = line(broker, 'batch abandoned');
    other?.cancel();
    await abandoned;
    expect(said).toEqual(['waiting', 'one abandoned', 'other abandoned', 'batch abandoned']);
  });

  test('the timeout of one call does not affect the others', async () => {
    const broker = await start(undefined, { killDelay: { timeout: 0 } });
    const waiting = line(broker, 'waiting');
    const path = temporaryPath();
    const overdue = caughtError(broker.call('wait', [path], { timeout: 20 }));
    const other = broker.call('wait', [path], { key: 'other' });
    await waiting;
    expect(await overdue).toMatchObject({ code: 'ERR_DUAL_CALL_TIMEOUT' });
    writeFileSync(path, '');
    expect(await other).toMatchObject({ own: 'other' });
    expect(broker.stats().restarts).toBe(0);
  });

  test('the process is killed once every call has timed out', async () => {
    const broker = await start(undefined, { killDelay: { timeout: 0 } });
    // The child must have started the calls by then. A call that has not started is dropped without a kill.
    const calls = [1, 2].map(() => caughtError(broker.call('wait', [temporaryPath()], { timeout: 1_000 })));
    for (const error of await Promise.all(calls))
      expect(error).toMatchObject({ code: 'ERR_DUAL_CALL_TIMEOUT' });
    expect(await run(broker, { value: 1 })).toBe(1);
    expect(broker.stats().restarts).toBe(1);
  });
});

test('a call that is cancelled while it waits leaves the batch', async () => {
  const broker = await start();
  const release = await blocked(broker);
  const calls = [1, 2, 3].map((value) => broker.submit('run', [{ value }]));
  calls[1]?.cancel();
  release();
  expect(await Promise.all([calls[0]?.result, calls[2]?.result])).toEqual([1, 3]);
  expect(await broker.call('batches', [])).toEqual([[1, 3]]);
});

test('recycling counts the calls of a batch, not the batch', async () => {
  const broker = await start({ run: RUN }, { recycle: { afterCalls: 3 } });
  const values = [1, 2, 3, 4, 5, 6, 7];
  expect(await Promise.all(values.map((value) => run(broker, { value })))).toEqual(values);
  expect(broker.stats().restarts).toBe(2);
});

test('a batch takes only one of the places that concurrency gives a process', async () => {
  const broker = await start(undefined, { concurrency: 2 });
  const path = temporaryPath();
  const waiting = line(broker, 'waiting');
  const batch = [1, 2, 3].map(() => broker.submit('wait', [path]));
  await waiting;
  expect(await broker.call('pid', [])).toEqual(expect.any(Number));
  expect(batch.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
  writeFileSync(path, '');
  await Promise.all(batch.map(({ result }) => result));
});

describe('methods of batches', () => {
  test.each([
    ['batch', { nothing: RUN }],
    ['batch.run.method', { run: { ...RUN, method: 'nothing' } }],
    ['batch.run.method', { run: { ...RUN, method: '_private' } }],
  ])('the start fails if the option %s names a method that does not exist', async (option, batch) => {
    const broker = makeBroker(fixture('batches.mjs'), { batch });
    const error = await caughtError(broker.start());
    expect(error).toMatchObject({ name: 'PipelineStartError' });
    expect(error.message).toContain(`the option '${option}' names`);
  });

  test('the batch method need not be exposed', async () => {
    const broker = await start({ run: RUN }, { expose: ['run'] });
    expect(await run(broker, { value: 1 })).toBe(1);
    expect(await caughtError(broker.call('runBatch', [[]]))).toMatchObject({
      code: 'ERR_DUAL_UNKNOWN_METHOD',
    });
  });

  test('a call with two arguments is rejected', async () => {
    const broker = await start();
    expect(await caughtError(broker.call('run', [{ value: 1 }, 2]))).toMatchObject({ option: 'args' });
  });
});
