import { describe, expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';

const start = (options = {}): ReturnType<typeof startBroker> =>
  startBroker(fixture('cancellable.mjs'), { killDelay: { timeout: 60_000, cancel: 60_000 }, ...options });

describe('code that blocks learns that its call is abandoned, and its process lives on', () => {
  test.each([
    ['byFlag', ['flag']],
    ['bySignal', ['signal AbortError', 'event AbortError']],
    ['byThrow', ['thrown AbortError']],
  ])('%s', async (method, log) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    for (const abandon of ['cancel', 'timeout'] as const) {
      const spinning = line(broker, 'spinning');
      const call = broker.submit(method, [], abandon === 'timeout' ? { timeout: 50 } : {});
      await spinning;
      if (abandon === 'cancel') call.cancel();
      await caughtError(call.result);
      expect(await broker.call('log', [])).toEqual(log);
    }
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test('a generator that never pauses', async () => {
    const broker = await start();
    const reader = broker.stream('byChunks', [])[Symbol.asyncIterator]();
    await reader.next();
    await reader.return?.();
    expect(await broker.call('log', [])).toEqual(['generator']);
  });

  test('each call of a batch', async () => {
    const broker = await start({ batch: { one: { method: 'all' } } });
    const spinning = line(broker, 'spinning');
    const calls = ['a', 'b'].map((key) => broker.submit('one', [key], { key }));
    await spinning;
    for (const call of calls) {
      call.cancel();
      await caughtError(call.result);
    }
    expect(await broker.call('log', [])).toEqual(['a', 'b']);
  });

  test('a call that was sent ahead, and abandoned while the call before it blocked', async () => {
    const broker = await start({ concurrency: 2 });
    const spinning = line(broker, 'spinning');
    const first = broker.submit('byFlag', []);
    await spinning;
    const second = broker.submit('byFlag', []);
    second.cancel();
    first.cancel();
    await Promise.all([caughtError(first.result), caughtError(second.result)]);
    expect(await broker.call('log', [])).toEqual(['flag']);
  });
});

describe('remainingTime', () => {
  test('is Infinity without a timeout', async () => {
    const broker = await start();
    // A number that JSON would lose.
    expect(await broker.call('remaining', [])).toBe(Infinity);
  });

  test.each([
    ['of the call', {}, { timeout: 10_000 }],
    ['of the broker', { timeout: 10_000 }, {}],
    ['of the call, and not of the broker', { timeout: 60_000 }, { timeout: 10_000 }],
  ])('counts down to the timeout %s', async (_, brokerOptions, callOptions) => {
    const broker = await start(brokerOptions);
    const [before, after] = (await broker.call('inTime', [9_950], callOptions)) as [number, number];
    expect(before).toBeGreaterThan(9_000);
    expect(before).toBeLessThanOrEqual(10_000);
    expect(after).toBeLessThan(9_950);
  });

  test('does not count the time for which a stream waits for its reader', async () => {
    const broker = await start();
    const reader = broker.stream('slowlyRead', [], { timeout: 10_000 })[Symbol.asyncIterator]();
    await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 500));
    while ((await reader.next()).done !== true);
    const [left] = (await broker.call('log', [])) as [number];
    expect(left).toBeGreaterThan(9_600);
  });
});

test('a copy of currentCall() has all of its fields', async () => {
  const broker = await start({ timeout: 10_000 });
  expect(await broker.call('copied', [], { key: 'k' })).toEqual({
    key: 'k',
    method: 'copied',
    attempt: 0,
    traceparent: undefined,
    signal: true,
    cancelled: false,
    remainingTime: expect.any(Number),
    progress: 'function',
    calls: undefined,
  });
});
