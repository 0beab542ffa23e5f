import { expect, test } from '@jest/globals';

import { startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryPath } from '../support/temporary.js';

test('a call that may have started is never run again', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  expect(await caughtError(broker.call('dieAtFirst', [path, 1]))).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
  });
  // The second run finds the trace of the first only.
  expect(await broker.call('dieAtFirst', [path, 1])).toBe('0\n0\n');
});

test('with retries, it runs again, and knows how often it did', async () => {
  const broker = await startBroker();
  expect(await broker.call('dieAtFirst', [temporaryPath(), 2], { retries: 2 })).toBe('0\n1\n2\n');
});

test('retries are counted', async () => {
  const broker = await startBroker();
  expect(await caughtError(broker.call('dieAtFirst', [temporaryPath(), 3], { retries: 2 }))).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
    signal: 'SIGKILL',
  });
});

test('a retried call keeps its place: it runs before those that were behind it', async () => {
  const broker = await startBroker();
  const ended: string[] = [];
  await Promise.all([
    broker.call('dieAtFirst', [temporaryPath(), 1], { retries: 1 }).then(() => ended.push('retried')),
    broker.call('echo', [1]).then(() => ended.push('behind')),
  ]);
  expect(ended).toEqual(['retried', 'behind']);
});

test("the pipeline's own error is not retried", async () => {
  const broker = await startBroker();
  expect(await caughtError(broker.call('fail', ['once'], { retries: 5 }))).toMatchObject({ message: 'once' });
});

test('a cancelled call is not retried', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  const call = broker.submit('dieAtFirst', [path, 5], { retries: 5 });
  await new Promise((resolve) => broker.once('exit', resolve));
  call.cancel();
  expect(await caughtError(call.result)).toMatchObject({ code: 'ERR_DUAL_CALL_CANCELLED' });
  expect(await broker.call('echo', [1])).toBe(1);
});
