import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

test('keep.results bounds how many are found: the oldest goes first', async () => {
  const broker = await startBroker(undefined, { keep: { results: 2 } });
  for (const key of ['a', 'b', 'c']) await broker.call('echo', [key], { key });
  expect(['a', 'b', 'c'].map((key) => broker.get(key)?.key)).toEqual([undefined, 'b', 'c']);
});

test('keep.bytes bounds what the results take', async () => {
  const broker = await startBroker(undefined, { keep: { bytes: 250_000 } });
  for (const key of ['a', 'b', 'c']) await broker.call('bytes', [100_000], { key });
  expect(['a', 'b', 'c'].map((key) => broker.get(key)?.key)).toEqual([undefined, 'b', 'c']);
  await broker.call('bytes', [300_000], { key: 'd' });
  expect(['a', 'b', 'c', 'd'].map((key) => broker.get(key))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('keep.forMs bounds for how long', async () => {
  const broker = await startBroker(undefined, { keep: { forMs: 30 } });
  await broker.call('echo', [1], { key: 'k' });
  while (broker.get('k') !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('keep.results 0 keeps nothing', async () => {
  const broker = await startBroker(undefined, { keep: { results: 0 } });
  const call = broker.submit('echo', [1], { key: 'k' });
  expect(broker.get('k')).toBe(call);
  await call.result;
  expect(broker.get('k')).toBeUndefined();
});

test('failed and cancelled calls are found too', async () => {
  const broker = await startBroker();
  const failed = broker.submit('fail', ['no'], { key: 'f' });
  await failed.result.catch(() => undefined);
  const cancelled = broker.submit('echo', [1], { key: 'c' });
  cancelled.cancel();
  expect(broker.get('f')?.state).toBe('failed');
  expect(broker.get('c')?.state).toBe('cancelled');
});

test('calls of nobody knows what key are not kept', async () => {
  const broker = await startBroker(undefined, { keep: { results: 1 } });
  const call = broker.submit('echo', [1], { key: 'k' });
  await call.result;
  for (let i = 0; i < 10; i += 1) await broker.call('echo', [i]);
  expect(broker.get('k')).toBe(call);
});

test('a closed broker keeps nothing', async () => {
  const broker = await startBroker();
  await broker.call('echo', [1], { key: 'k' });
  await broker.close();
  expect(broker.get('k')).toBeUndefined();
});

test('keep.bytes bounds what errors take, too', async () => {
  const broker = await startBroker(fixture('errors.mjs'), { keep: { bytes: 250_000 } });
  for (const key of ['a', 'b', 'c']) await caughtError(broker.call('fail', ['huge', 60_000], { key }));
  expect(['a', 'b', 'c'].map((key) => broker.get(key)?.key)).toEqual([undefined, 'b', 'c']);
});
