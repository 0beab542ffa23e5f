import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

test('keep.results limits the number of kept calls, and drops the oldest first', async () => {
  const broker = await startBroker(undefined, { keep: { results: 2 } });
  for (const key of ['a', 'b', 'c']) await broker.call('echo', [key], { key });
  expect(['a', 'b', 'c'].map((key) => broker.get(key)?.key)).toEqual([undefined, 'b', 'c']);
});

test('keep.bytes limits the total size of the kept results', async () => {
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

test('keep.forMs limits how long a call is kept', async () => {
  const broker = await startBroker(undefined, { keep: { forMs: 30 } });
  await broker.call('echo', [1], { key: 'k' });
  while (broker.get('k') !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('keep.results of 0 keeps no finished call', async () => {
  const broker = await startBroker(undefined, { keep: { results: 0 } });
  const call = broker.submit('echo', [1], { key: 'k' });
  expect(broker.get('k')).toBe(call);
  await call.result;
  expect(broker.get('k')).toBeUndefined();
});

test('failed and cancelled calls are kept too', async () => {
  const broker = await startBroker();
  const failed = broker.submit('fail', ['no'], { key: 'f' });
  await failed.result.catch(() => undefined);
  const cancelled = broker.submit('echo', [1], { key: 'c' });
  cancelled.cancel();
  expect(broker.get('f')?.state).toBe('failed');
  expect(broker.get('c')?.state).toBe('cancelled');
});

test('calls without a key do not displace kept calls', async () => {
  const broker = await startBroker(undefined, { keep: { results: 1 } });
  const call = broker.submit('echo', [1], { key: 'k' });
  await call.result;
  for (let i = 0; i < 10; i += 1) await broker.call('echo', [i]);
  expect(broker.get('k')).toBe(call);
});

test('a closed broker keeps no calls', async () => {
  const broker = await startBroker();
  await broker.call('echo', [1], { key: 'k' });
  await broker.close();
  expect(broker.get('k')).toBeUndefined();
});

test('keep.bytes limits the total size of kept errors, too', async () => {
  const broker = await startBroker(fixture('errors.mjs'), { keep: { bytes: 250_000 } });
  for (const key of ['a', 'b', 'c']) await caughtError(broker.call('fail', ['huge', 60_000], { key }));
  expect(['a', 'b', 'c'].map((key) => broker.get(key)?.key)).toEqual([undefined, 'b', 'c']);
});
