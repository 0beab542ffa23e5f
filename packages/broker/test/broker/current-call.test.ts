import { Broker } from '@dual/broker';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { fixture } from '../support/brokers.js';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.start(fixture('current-call.mjs'), { output: 'ignore' });
});
afterAll(() => broker.close());

test('describes the running call by key, method, attempt and signal', async () => {
  expect(await broker.call('now', [], { key: 'img-42' })).toEqual({
    key: 'img-42',
    method: 'now',
    attempt: 0,
    aborted: false,
  });
});

test('a call without a key gets a unique UUID, the same on both sides', async () => {
  const calls = Array.from({ length: 100 }, () => broker.submit('now', []));
  const keys = calls.map(({ key }) => key);
  for (const key of keys)
    expect(key).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(new Set(keys).size).toBe(keys.length);
  const seen = await Promise.all(calls.map(({ result }) => result));
  expect(seen).toEqual(keys.map((key) => expect.objectContaining({ key })));
  expect(broker.get(keys[0] ?? '')).toBe(calls[0]);
});

test('JSON and inspect() show the key, even if the caller gave none', async () => {
  const call = broker.submit('shown', []);
  expect(await call.result).toEqual({
    json: JSON.stringify({ key: call.key, method: 'shown', attempt: 0 }),
    text: expect.stringContaining(`key: '${call.key}'`),
  });
});

test('describes the same call after an await, in a timer and in a helper function', async () => {
  expect(await broker.call('later', [], { key: 'later' })).toEqual(['later', 'later', 'later']);
});

test.each(['enter', 'enterLater'])(
  'an async context entered by a method (%s) ends with its call',
  async (method) => {
    expect(await broker.call(method, ['mine'])).toBe('mine');
    expect(await broker.call('entered', [])).toBeUndefined();
    const together = ['enter', 'entered', method, 'entered'].map((name) => broker.call(name, [name]));
    expect(await Promise.all(together)).toEqual(['enter', undefined, method, undefined]);
  },
);

test('is undefined in the constructor and in its timers', async () => {
  expect(await broker.call('outside', [])).toEqual({ constructing: true, background: true });
});

test('describes each of several concurrent calls separately', async () => {
  const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`);
  const results = await Promise.all(keys.map((key) => broker.call('later', [], { key })));
  expect(results).toEqual(keys.map((key) => [key, key, key]));
});

test('is undefined in a process that no broker has started', async () => {
  const { currentCall } = await import('@dual/broker/pipeline');
  expect(currentCall()).toBeUndefined();
});
