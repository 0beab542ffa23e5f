import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, type Methods, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit } from '../support/events.js';
import { runProgram } from '../support/programs.js';
import { readAll, readFirst } from '../support/streams.js';
import { temporaryPath } from '../support/temporary.js';

const start = (options?: TestOptions): Promise<Broker> => startBroker(fixture('streams.mjs'), options);
const upTo = (to: number): number[] => Array.from({ length: to }, (_, i) => i);

/** The number of chunks of `endless` once it has paused. Needs a `concurrency` of 2. */
async function yieldedUntilPaused(broker: Broker): Promise<number> {
  let [last, same] = [-1, 0];
  while (same < 20) {
    const yielded = Number(await broker.call('yielded', []));
    same = yielded === last && yielded > 0 ? same + 1 : 0;
    last = yielded;
  }
  return last;
}

describe('a stream reads', () => {
  test.each([
    ['a generator', 'count'],
    ['an async generator', 'countLater'],
    ['a promise of a generator', 'promised'],
    ['a generator that yields promises', 'promises'],
    ['a plain iterator', 'iterator'],
    ['a Node stream', 'readable'],
    ['a web stream', 'webStream'],
    ['an async iterable without return()', 'handmade'],
  ])('the chunks of %s in order, without its return value', async (_, method) => {
    const broker = await start();
    expect(await readAll(broker.stream(method, [5]))).toEqual({ chunks: upTo(5), error: undefined });
    expect(await readAll(broker.stream(method, [0]))).toEqual({ chunks: [], error: undefined });
  });

  test.each(['count', 'countLater'])('thousands of chunks (%s)', async (method) => {
    const broker = await start();
    expect((await readAll(broker.stream(method, [5_000]))).chunks).toEqual(upTo(5_000));
  });

  test('chunks of every type that a result may have', async () => {
    const broker = await start();
    expect((await readAll(broker.stream('kinds', []))).chunks).toEqual([
      Buffer.from('buffer'),
      new Float32Array([1.5, 2.5]),
      new Map([[1, { a: null }]]),
      undefined,
      new Date(0),
      'text',
    ]);
  });

  test('a reused buffer as it was each time that it was yielded', async () => {
    const broker = await start();
    const chunks = (await readAll(broker.stream('reused', [20, 300_000]))).chunks as Uint8Array[];
    expect(chunks.map((chunk) => new Set(chunk))).toEqual(upTo(20).map((i) => new Set([i])));
  });

  test('each chunk at once, even if the pipeline blocks after it', async () => {
    const broker = await start();
    const paths = upTo(3).map(temporaryPath);
    const chunks: unknown[] = [];
    for await (const path of broker.stream('gated', paths)) {
      chunks.push(path);
      writeFileSync(String(path), '');
    }
    expect(chunks).toEqual(paths);
  });
});

describe('backpressure', () => {
  test.each([
    ['endless', 'x', 256],
    ['endlessLater', 'x', 256],
    ['endless', new Uint8Array(64 * 1024), 16],
    ['endlessLater', new Uint8Array(2 * 1024 * 1024), 1],
  ])('the pipeline waits for its reader (%s, case %#)', async (method, chunk, window) => {
    const broker = await start({ concurrency: 2 });
    const reader = broker.stream(method, [chunk])[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: chunk });
    const yielded = await yieldedUntilPaused(broker);
    expect(yielded).toBeGreaterThanOrEqual(window);
    expect(yielded).toBeLessThanOrEqual(window + 2);
    for (let i = 0; i < 2 * window; i += 1)
      expect(await reader.next()).toEqual({ done: false, value: chunk });
    expect(await yieldedUntilPaused(broker)).toBeGreaterThan(2 * window);
    await reader.return?.();
  });

  test('a single chunk may be larger than the window', async () => {
    const broker = await start();
    const { chunks } = await readAll(broker.stream('reused', [4, 3_000_000]));
    expect(chunks.map((chunk) => (chunk as Uint8Array).length)).toEqual(Array(4).fill(3_000_000));
  });

  test('the time that the pipeline waits for its reader does not count towards the timeout', async () => {
    const broker = await start();
    const reader = broker.stream('endless', ['x'], { timeout: 2_000 })[Symbol.asyncIterator]();
    await reader.next();
    await sleep(2_500);
    for (let i = 0; i < 1_000; i += 1) expect(await reader.next()).toEqual({ done: false, value: 'x' });
    await reader.return?.();
  });

  test('a slow reader still gets all chunks after the generator has finished', async () => {
    const broker = await start();
    const reader = broker.stream('count', [100])[Symbol.asyncIterator]();
    await reader.next();
    expect(await broker.call('plain', ['next'])).toBe('next');
    for (let i = 1; i < 100; i += 1) expect(await reader.next()).toEqual({ done: false, value: i });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });
});

describe('ending a stream', () => {
  test.each(['endless', 'endlessLater'])(
    'break lets %s clean up, and the process goes on',
    async (method) => {
      const broker = await start();
      const pid = await broker.call('pid', []);
      expect(await readFirst(broker.stream(method, ['x']), 3)).toEqual(['x', 'x', 'x']);
      expect(await broker.call('cleaned', [])).toEqual(['endless']);
      expect(await broker.call('pid', [])).toBe(pid);
    },
  );

  test('break fires the signal of a pipeline that waits', async () => {
    const broker = await start();
    expect(await readFirst(broker.stream('heedful', []), 1)).toEqual(['heeding']);
    expect(await broker.call('cleaned', [])).toEqual(['heedful']);
  });

  test('break kills a pipeline that ignores the signal for longer than killDelay.cancel', async () => {
    const broker = await start({ killDelay: { cancel: 20 } });
    const exited = exit(broker);
    expect(await readFirst(broker.stream('hang', ['x']), 1)).toEqual(['x']);
    expect(await exited).toMatchObject({ reason: 'overdue' });
    expect(await broker.call('plain', ['next'])).toBe('next');
  });

  test('return() ends a pending next()', async () => {
    const broker = await start();
    const reader = broker.stream('hang', ['x'], { key: 'k' })[Symbol.asyncIterator]();
    await reader.next();
    const waiting = [reader.next(), reader.next()];
    await reader.return?.();
    expect(await Promise.all(waiting)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(broker.get('k')?.state).toBe('cancelled');
  });

  test('aborting the signal ends the stream at once, even if chunks have arrived', async () => {
    const broker = await start();
    const controller = new AbortController();
    const reader = broker.stream('endless', ['x'], { signal: controller.signal })[Symbol.asyncIterator]();
    await reader.next();
    const reason = new Error('client went away');
    controller.abort(reason);
    const error = await caughtError(reader.next());
    expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_DUAL_CALL_CANCELLED', started: true });
    expect(error.cause).toBe(reason);
    expect(error.stack).toContain('streams.test');
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(await broker.call('cleaned', [])).toEqual(['endless']);
  });

  test('aborting the signal after the generator has ended still ends a stream whose end was not read', async () => {
    const broker = await start();
    const controller = new AbortController();
    const options = { signal: controller.signal, key: 'stream' };
    const reader = broker.stream('count', [3], options)[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 0 });
    await broker.get('stream')?.result;
    controller.abort('no more');
    expect(await caughtError(reader.next())).toMatchObject({ name: 'AbortError', cause: 'no more' });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(broker.get('stream')?.state).toBe('succeeded');
  });

  test('aborting the signal after the end was read changes nothing', async () => {
    const broker = await start();
    const controller = new AbortController();
    const reader = broker.stream('count', [1], { signal: controller.signal })[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 0 });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    controller.abort();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('a stream never starts if its signal is already aborted', async () => {
    const broker = await start();
    const stream = broker.stream('endless', ['x'], { signal: AbortSignal.abort('why') });
    expect((await readAll(stream)).error).toMatchObject({ name: 'AbortError', started: false, cause: 'why' });
    expect(await broker.call('cleaned', [])).toEqual([]);
  });

  test('Call.cancel() rejects the pending next()', async () => {
    const broker = await start();
    const reader = broker.stream('hang', ['x'], { key: 'k' })[Symbol.asyncIterator]();
    await reader.next();
    const waiting = caughtError(reader.next());
    expect(broker.get('k')?.cancel('not wanted')).toBe(true);
    expect(await waiting).toMatchObject({ name: 'CallCancelledError', cause: 'not wanted' });
  });
});

describe('a stream that fails', () => {
  test('gives the yielded chunks first, then the error', async () => {
    const broker = await start();
    const { chunks, error } = await readAll(broker.stream('failAfter', [300]));
    expect(chunks).toEqual(upTo(300));
    expect(error).toMatchObject({ name: 'RangeError', message: 'failed in the middle' });
    expect((error as Error).stack).toMatch(/streams\.mjs[^]*streams\.test/);
    expect(await broker.call('cleaned', [])).toEqual(['failAfter']);
  });

  test('gives the yielded chunks first if the process dies, and never runs again despite retries', async () => {
    const broker = await start();
    const { chunks, error } = await readAll(broker.stream('dieAfter', [3], { retries: 5 }));
    expect(chunks).toEqual([0, 1, 2]);
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', signal: 'SIGKILL', started: true });
    expect(await broker.call('plain', ['next'])).toBe('next');
  });

  test('gives all chunks of a flood first if the process exits', async () => {
    const broker = await start();
    const { chunks, error } = await readAll(broker.stream('exitAfter', [5_000]));
    expect(chunks).toEqual(upTo(5_000));
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', exitCode: 3 });
  });

  test('runs again with retries if the process dies before the first chunk', async () => {
    const broker = await start();
    const path = temporaryPath();
    expect(await readAll(broker.stream('dieAtFirst', [path, 2], { retries: 2 }))).toEqual({
      chunks: [2],
      error: undefined,
    });
    const { error } = await readAll(broker.stream('dieAtFirst', [temporaryPath(), 1]));
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
  });

  test('rejects with SerializationError if a chunk cannot be serialized or is too long', async () => {
    const broker = await start({ maxMessageBytes: 100_000 });
    const { chunks, error } = await readAll(broker.stream('uncloneable', []));
    expect(chunks).toEqual(['good']);
    expect(error).toMatchObject({ name: 'SerializationError', path: 'chunk.model.predict' });
    expect(await broker.call('cleaned', [])).toEqual(['uncloneable']);
    expect((await readAll(broker.stream('ofLength', [100_000]))).error).toMatchObject({
      name: 'SerializationError',
      path: 'chunk',
    });
  });

  test('rejects with an uncaught error that the pipeline raises meanwhile', async () => {
    const broker = await start();
    const { chunks, error } = await readAll(broker.stream('throwOutside', []));
    expect(chunks).toEqual(['first']);
    expect(error).toMatchObject({ name: 'TypeError', message: 'thrown outside the stream' });
    expect(await broker.call('plain', ['next'])).toBe('next');
  });

  test('rejects with CallTimeoutError after its timeout, and its process is killed', async () => {
    const broker = await start({ killDelay: { timeout: 20 } });
    const exited = exit(broker);
    const { chunks, error } = await readAll(broker.stream('spin', ['x'], { timeout: 500 }));
    expect(chunks).toEqual(['x']);
    expect(error).toMatchObject({ code: 'ERR_DUAL_CALL_TIMEOUT' });
    expect(await exited).toMatchObject({ reason: 'overdue' });
  });

  test('rejects with CallTimeoutError if it exceeds its queueTimeout', async () => {
    const broker = await start();
    const path = temporaryPath();
    const before = readAll(broker.stream('gated', [path]));
    const { error } = await readAll(broker.stream('count', [1], { queueTimeout: 10 }));
    expect(error).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT', started: false });
    writeFileSync(path, '');
    expect(await before).toEqual({ chunks: [path], error: undefined });
  });
});

describe('a stream is a call', () => {
  test('that starts only when the first chunk is requested', async () => {
    const broker = makeBroker(fixture('streams.mjs'));
    const stream = broker.stream('count', [2], { key: 'k' });
    expect(broker.state).toBe('idle');
    expect(broker.get('k')).toBeUndefined();
    expect((await readAll(stream)).chunks).toEqual([0, 1]);
    expect(broker.get('k')).toMatchObject({ state: 'succeeded', method: 'count' });
    expect(await broker.get('k')?.result).toBeUndefined();
    expect((await readAll(stream)).chunks).toEqual([]);
  });

  test('that no caller can join by its key', async () => {
    const broker = await start();
    const path = temporaryPath();
    const stream = readAll(broker.stream('gated', [path], { key: 'k' }));
    const duplicate = { code: 'ERR_DUAL_DUPLICATE_KEY' };
    expect((await readAll(broker.stream('gated', [path], { key: 'k' }))).error).toMatchObject(duplicate);
    expect(await caughtError(broker.call('gated', [path], { key: 'k' }))).toMatchObject(duplicate);
    writeFileSync(path, '');
    expect((await stream).chunks).toEqual([path]);
  });

  test('that starts in the order of priority', async () => {
    const broker = await start();
    const path = temporaryPath();
    const order: string[] = [];
    const note = (name: string, stream: AsyncIterable<unknown>): Promise<unknown> =>
      readAll(stream).then(() => order.push(name));
    const streams = [
      note('running', broker.stream('gated', [path])),
      note('low', broker.stream('count', [1])),
      note('high', broker.stream('count', [1], { priority: 1 })),
    ];
    writeFileSync(path, '');
    await Promise.all(streams);
    expect(order).toEqual(['running', 'high', 'low']);
  });

  test('that runs together with others if concurrency allows', async () => {
    const broker = await start({ concurrency: 3 });
    const streams = upTo(3).map(() => readAll(broker.stream('countLater', [2_000])));
    for (const { chunks } of await Promise.all(streams)) expect(chunks).toEqual(upTo(2_000));
  });

  test('whose next() may be called several times ahead', async () => {
    const broker = await start();
    const reader = broker.stream('count', [3])[Symbol.asyncIterator]();
    await reader.next();
    expect(await Promise.all([reader.next(), reader.next(), reader.next()])).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ]);
  });

  test('that currentCall() describes in every part of a generator, even in finally', async () => {
    const broker = await start();
    for (const method of ['context', 'syncContext']) {
      const { chunks } = await readAll(broker.stream(method, [], { key: method }));
      expect(new Set(chunks)).toEqual(new Set([method]));
    }
    await readFirst(broker.stream('syncContext', [], { key: 'left' }), 1);
    expect(await broker.call('cleaned', [])).toEqual(['syncContext', 'left']);
  });

  test('that reports progress', async () => {
    const broker = await start();
    const told: unknown[] = [];
    const onProgress = (value: unknown): unknown => told.push(value);
    expect((await readAll(broker.stream('reporting', [100], { onProgress }))).chunks).toEqual(upTo(100));
    expect(told.at(-1)).toBe(99);
  });

  test('that close() waits for, and that rejects after the timeout of close()', async () => {
    const broker = await start();
    const reading = readAll(broker.stream('countLater', [3_000]));
    await Promise.resolve();
    await broker.close();
    expect((await reading).chunks).toEqual(upTo(3_000));
    expect((await readAll(broker.stream('count', [1]))).error).toMatchObject({
      code: 'ERR_DUAL_BROKER_CLOSED',
    });

    const other = await start();
    const reader = other.stream('hang', ['x'])[Symbol.asyncIterator]();
    await reader.next();
    const waiting = caughtError(reader.next());
    await other.close({ timeout: 0 });
    expect(await waiting).toMatchObject({ code: 'ERR_DUAL_BROKER_CLOSED' });
  });

  test.each(['read', 'left', 'unread', 'unread of the proxy', 'read late of the proxy'])(
    'that does not keep a program alive (%s)',
    async (way) => {
      const program = runProgram('stream.mjs', [way]);
      await once(program.process, 'close');
      expect(await program.ended).toMatchObject({ exitCode: 0, stdout: `${way}\n`, stderr: '' });
    },
  );
});

describe('calling a method in the wrong way', () => {
  const unknown = { name: 'UnknownMethodError', code: 'ERR_DUAL_UNKNOWN_METHOD' };

  test.each([
    ['count', false],
    ['countLater', false],
    ['promised', true],
    ['readable', true],
  ])('rejects call() and submit() of %s, which yields, and names stream()', async (method, started) => {
    const broker = await start();
    for (const result of [broker.call(method, [1]), broker.submit(method, [1]).result]) {
      const error = await caughtError(result);
      expect(error).toMatchObject({ ...unknown, method, started });
      expect(error.message).toContain('stream()');
    }
  });

  test.each(['plain', 'list'])(
    'rejects stream() of %s, which does not yield, and names call()',
    async (method) => {
      const broker = await start();
      const { error } = await readAll(broker.stream(method, ['x']));
      expect(error).toMatchObject({ ...unknown, method, started: true });
      expect((error as Error).message).toContain('call()');
    },
  );

  test('rejects stream() of a method that does not exist, and lists the methods', async () => {
    const broker = await start();
    const { error } = await readAll(broker.stream('nothing', []));
    expect(error).toMatchObject({ ...unknown, started: false });
    expect((error as Error).message).toContain('countLater');
  });
});

describe('broker.pipeline', () => {
  test('iterates a method that yields, and awaits one that does not', async () => {
    const pipeline: Methods = (await start()).pipeline;
    for (const method of ['count', 'countLater', 'iterator']) {
      for (let i = 0; i < 3; i += 1) {
        const stream = pipeline[method]?.(4);
        expect(stream && (await readAll(stream))).toEqual({ chunks: upTo(4), error: undefined });
      }
    }
    expect(await pipeline['plain']?.('x')).toBe('x');
  });

  test('runs a method that is no generator itself only once, even as the first call', async () => {
    const broker = makeBroker(fixture('streams.mjs'));
    for (let runs = 1; runs < 4; runs += 1) {
      const pipeline: Methods = broker.pipeline;
      const stream = pipeline['early']?.(4);
      expect(stream && (await readAll(stream)).chunks).toEqual(upTo(4));
      expect(await broker.call('runs', [])).toBe(runs);
    }
  });

  test('rejects an await of a method that yields, and names stream()', async () => {
    const pipeline: Methods = (await start()).pipeline;
    const error = await caughtError(async () => await pipeline['count']?.(1));
    expect(error).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
    expect(error.message).toContain('stream()');
  });
});

test('a second reader of a stream is refused, and the first one reads on', async () => {
  const broker = await start();
  const stream = broker.stream('count', [3]);
  const reader = stream[Symbol.asyncIterator]();
  expect(await reader.next()).toEqual({ done: false, value: 0 });
  const { error } = await readAll(stream);
  expect(error).toMatchObject({ code: 'ERR_DUAL_INVALID_OPTION' });
  expect(await reader.next()).toEqual({ done: false, value: 1 });
  const { count } = broker.pipeline as Methods;
  if (count === undefined) throw new Error('the proxy has no method');
  const called = count(2);
  expect((await readAll(called)).chunks).toEqual([0, 1]);
  expect((await readAll(called)).error).toMatchObject({ code: 'ERR_DUAL_INVALID_OPTION' });
});

test('many streams with large chunks at once cause no warning in the child', async () => {
  const lines: string[] = [];
  const broker = await start({ concurrency: 20, sharedMemory: false, output: (line) => lines.push(line) });
  await Promise.all(Array.from({ length: 20 }, () => readAll(broker.stream('reused', [20, 600_000]))));
  await broker.close();
  expect(lines).toEqual([]);
});
