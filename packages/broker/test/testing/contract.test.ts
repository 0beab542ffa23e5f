import { AsyncLocalStorage } from 'node:async_hooks';

import type { BatchOptions, CommonOptions, PipelineClient, UnknownPipeline } from '@dual/broker';
import { currentCall } from '@dual/broker/pipeline';
import { inProcess } from '@dual/broker/testing';
import { afterEach, describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, type Methods } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { readAll, readFirst } from '../support/streams.js';

type Client = PipelineClient<UnknownPipeline>;
type Options = Pick<CommonOptions, 'concurrency' | 'maxQueue' | 'timeout' | 'queueTimeout'> & {
  batch?: Record<string, BatchOptions>;
  expose?: readonly string[];
};

// A fixture has no types.
const { default: Contract } = (await import(fixture('contract.mjs').href)) as {
  default: new () => UnknownPipeline;
};

const open: Client[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close({ timeout: 0 })));
});

const clients: [string, (options?: Options) => Client][] = [
  ['a broker', (options) => makeBroker(fixture('contract.mjs'), options)],
  [
    'inProcess',
    (options = {}) => {
      const client = inProcess(new Contract(), options);
      open.push(client);
      return client;
    },
  ],
];

describe.each(clients)('%s', (_, make) => {
  test('calls methods, and carries values as structured clone does', async () => {
    const client = make();
    const value = {
      map: new Map([[1, new Set(['a'])]]),
      at: new Date(0),
      big: 2n ** 70n,
      list: [undefined, null],
    };
    expect(await client.call('echo', [value])).toEqual(value);
    expect(await client.call('echo', [value])).not.toBe(value);
    const { echo } = client.pipeline as Methods;
    expect(await echo?.(1)).toBe(1);
    const bytes = new Uint8Array(10_000).fill(1);
    expect(await client.call('overwrite', [bytes])).toEqual(new Uint8Array(10_000).fill(9));
    expect(bytes).toEqual(new Uint8Array(10_000).fill(1));
  });

  test('has the methods of the pipeline, and no others, once it has answered', async () => {
    const client = make();
    await client.call('echo', [1]);
    const { pipeline } = client;
    for (const name of ['echo', 'count', 'inherited', 'onModuleInit']) {
      expect(Object.keys(pipeline)).toContain(name);
      expect(name in pipeline).toBe(true);
      expect(Reflect.get(pipeline, name)).toBeInstanceOf(Function);
    }
    for (const name of ['typo', 'closed', '_hidden', 'constructor', 'hasOwnProperty', 'onModuleDestroy']) {
      expect(Object.keys(pipeline)).not.toContain(name);
      expect(name in pipeline).toBe(false);
      expect(Reflect.get(pipeline, name)).toBeUndefined();
    }
  });

  test('has the exposed methods only', async () => {
    const client = make({ expose: ['echo'] });
    await client.call('echo', [1]);
    expect(Object.keys(client.pipeline)).toEqual(['echo']);
    expect(Reflect.get(client.pipeline, 'note')).toBeUndefined();
  });

  test('reads a method of the proxy as a stream if its promise is iterated', async () => {
    const pipeline = make().pipeline as Record<'count', Methods[string]>;
    expect(await readAll(pipeline.count(3))).toEqual({ chunks: [0, 1, 2], error: undefined });
  });

  test('keeps the async contexts of the pipeline and its callers apart', async () => {
    const client = make();
    const storage = new AsyncLocalStorage();
    Reflect.set(globalThis, 'contractStorage', storage);
    const seen: unknown[] = [];
    const onProgress = (): void => {
      seen.push([storage.getStore(), currentCall()]);
    };
    const inPipeline = await storage.run('of the caller', () => client.call('stored', [], { onProgress }));
    expect(inPipeline).toBe('nothing');
    expect(seen).toEqual([['of the caller', undefined]]);
  });

  test("rejects with the pipeline's own error", async () => {
    const error = await caughtError(make().call('fail', []));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      name: 'CustomError',
      message: 'failed',
      code: 'E_CUSTOM',
      cause: { message: 'why' },
    });
    expect(error.stack).toContain('contract.test');
    // No frame of the package's own.
    expect(error.stack).not.toMatch(/implementation|child\.mjs|AsyncLocalStorage/);
  });

  test.each<[string, (client: Client) => Promise<unknown>]>([
    ['succeeds', (client) => client.call('echo', [1])],
    ['fails', (client) => client.call('fail', [])],
    ['is refused by the pipeline', (client) => client.call('missing' as 'fail', [])],
    ['takes too long', (client) => client.call('wait', [1_000, 0], { timeout: 1 })],
    ['is aborted', (client) => client.call('wait', [1_000, 0], { signal: AbortSignal.timeout(1) })],
    [
      'is cancelled',
      (client) => {
        const call = client.submit('wait', [1_000, 0]);
        setImmediate(() => call.cancel());
        return call.result;
      },
    ],
  ])('tells its listeners that a call has settled before the caller continues: it %s', async (_, run) => {
    const client = make();
    const log: string[] = [];
    client.on('settle', ({ state }) => log.push(state));
    await run(client).catch(() => undefined);
    log.push('continued');
    expect(log).toEqual([expect.stringMatching(/succeeded|failed|cancelled/), 'continued']);
  });

  test('refuses what cannot cross, with its path, and unknown methods, with the known ones', async () => {
    const client = make({ expose: ['echo', 'unserializable'] });
    expect(await caughtError(client.call('echo', [{ f: () => 1 }]))).toMatchObject({
      code: 'ERR_DUAL_SERIALIZATION',
      path: 'args[0].f',
    });
    expect(await caughtError(client.call('unserializable', []))).toMatchObject({ path: 'result.layers[1]' });
    const error = await caughtError(client.call('note', [1]));
    expect(error).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
    expect(error.message).toContain('there are: echo, unserializable');
  });

  test('starts calls by priority, then in the order of submission', async () => {
    const client = make();
    const first = client.call('wait', [20, 0]);
    await Promise.all([0, 5, -1, 5].map((priority, i) => client.call('note', [[priority, i]], { priority })));
    await first;
    expect(await client.call('notes', [])).toEqual([[5, 1], [5, 3], [0, 0], [-1, 2]]); // prettier-ignore
  });

  test('lists calls, finds them by key, joins equal ones and refuses others', async () => {
    const client = make();
    const calls = [1, 1].map((value) => client.submit('wait', [20, value], { key: 'k' }));
    expect(calls[0]).toBe(calls[1]);
    expect(client.get('k')).toBe(calls[0]);
    expect(client.calls()).toEqual([calls[0]]);
    expect(await caughtError(client.call('echo', [1], { key: 'k' }))).toMatchObject({
      code: 'ERR_DUAL_DUPLICATE_KEY',
    });
    expect(await calls[0]?.result).toBe(1);
    expect(client.get('k')?.state).toBe('succeeded');
    expect(client.calls()).toEqual([]);
  });

  test('cancels queued and running calls, and fires the signal of the running one', async () => {
    const client = make();
    const runs = new Promise((resolve) => {
      client.submit('untilAborted', [], { key: 'running', onProgress: resolve });
    });
    const queued = client.submit('note', ['never']);
    await runs;
    const running = client.submit('untilAborted', [], { key: 'running' });
    expect(queued.position).toBe(0);
    queued.cancel();
    running.cancel('no more');
    expect(await caughtError(running.result)).toMatchObject({
      code: 'ERR_DUAL_CALL_CANCELLED',
      cause: 'no more',
    });
    expect(await caughtError(queued.result)).toMatchObject({
      code: 'ERR_DUAL_CALL_CANCELLED',
      started: false,
    });
    expect(await client.call('notes', [])).toEqual(['aborted']);
  });

  test('times out running and waiting calls', async () => {
    const client = make({ timeout: 5_000 });
    const running = caughtError(client.call('untilAborted', [], { timeout: 20 }));
    expect(await running).toMatchObject({ code: 'ERR_DUAL_CALL_TIMEOUT' });
    const long = client.call('wait', [100, 1]);
    expect(await caughtError(client.call('note', [1], { queueTimeout: 10 }))).toMatchObject({
      code: 'ERR_DUAL_QUEUE_TIMEOUT',
    });
    await long;
    expect(await client.call('about', [], { key: 'a' })).toEqual({
      key: 'a',
      method: 'about',
      attempt: 0,
      isLimited: true,
    });
  });

  test('refuses calls beyond maxQueue', async () => {
    const client = make({ maxQueue: 1 });
    const calls = [client.call('wait', [20, 1])];
    while (client.stats().calls.running === 0) await new Promise(setImmediate);
    calls.push(client.call('echo', [2]));
    expect(await caughtError(client.call('echo', [3]))).toMatchObject({ code: 'ERR_DUAL_QUEUE_FULL' });
    expect(await Promise.all(calls)).toEqual([1, 2]);
  });

  test('passes progress on', async () => {
    const client = make();
    const seen: unknown[] = [];
    await client.call('report', [3], { onProgress: (value) => seen.push(value) });
    expect(seen).toEqual([1, 2, 3]);
  });

  test('streams, with backpressure, errors, and cleanup when the reader leaves', async () => {
    const client = make();
    expect((await readAll(client.stream('count', [1_000]))).chunks).toHaveLength(1_000);
    expect(await client.call('notes', [])).toEqual(['cleaned up']);
    expect(await readFirst(client.stream('count', [1_000_000]), 3)).toEqual([0, 1, 2]);
    while (((await client.call('notes', [])) as unknown[]).length === 0);
    const { chunks, error } = await readAll(client.stream('failAfter', [2]));
    expect(chunks).toEqual([0, 1]);
    expect(error).toMatchObject({ name: 'CustomError' });
    expect(await caughtError(client.call('count', [1]))).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
  });

  test('runs calls as batches, and an error rejects its call alone', async () => {
    const client = make({ batch: { one: { method: 'many' } } });
    const outcomes = await Promise.allSettled([1, -2, 3].map((item) => client.call('one', [item])));
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: [1, 3] },
      { status: 'rejected', reason: expect.objectContaining({ message: 'negative: -2' }) },
      { status: 'fulfilled', value: [3, 3] },
    ]);
  });

  test('tells its state and its calls by events and stats, drains and closes', async () => {
    const client = make();
    const states: string[] = [];
    const settled: unknown[] = [];
    client.on('state', (state) => states.push(state));
    client.on('settle', ({ method, state }, error) => settled.push([method, state, error instanceof Error]));
    expect(client.state).toBe('idle');
    await Promise.allSettled([client.call('echo', [1]), client.call('fail', [])]);
    expect(client.stats()).toMatchObject({ state: 'ready', calls: { succeeded: 1, failed: 1 } });
    const last = client.call('wait', [10, 'last']);
    await client.drain();
    expect(await last).toBe('last');
    expect(await caughtError(client.call('echo', [1]))).toMatchObject({ code: 'ERR_DUAL_BROKER_CLOSED' });
    await client.close();
    await new Promise(setImmediate);
    expect(states.filter((state) => state !== 'starting')).toEqual(['ready', 'draining', 'closed']);
    expect(settled).toEqual([
      ['echo', 'succeeded', false],
      ['fail', 'failed', true],
      ['wait', 'succeeded', false],
    ]);
  });

  test('rejects unfinished calls after the timeout of close()', async () => {
    const client = make();
    const calls = [client.submit('untilAborted', []), client.submit('echo', [1])];
    while (calls[0]?.state !== 'running') await new Promise(setImmediate);
    await client.close({ timeout: 1 });
    for (const { result } of calls)
      expect(await caughtError(result)).toMatchObject({ code: 'ERR_DUAL_BROKER_CLOSED' });
  });
});
