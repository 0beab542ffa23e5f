import { expect, test } from '@jest/globals';

import { startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryPath } from '../support/temporary.js';

test('a call that may have started never runs again', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  expect(await caughtError(broker.call('dieAtFirst', [path, 1]))).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
  });
  // The second call finds exactly one trace of the first.
  expect(await broker.call('dieAtFirst', [path, 1])).toBe('0\n0\n');
});

test('a call with retries runs again, and knows its attempt', async () => {
  const broker = await startBroker();
  expect(await broker.call('dieAtFirst', [temporaryPath(), 2], { retries: 2 })).toBe('0\n1\n2\n');
});

test('a call rejects once its retries are used up', async () => {
  const broker = await startBroker();
  expect(await caughtError(broker.call('dieAtFirst', [temporaryPath(), 3], { retries: 2 }))).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
    signal: 'SIGKILL',
  });
});

test('a retried call keeps its place, and runs before later calls', async () => {
  const broker = await startBroker();
  const ended: string[] = [];
  await Promise.all([
    broker.call('dieAtFirst', [temporaryPath(), 1], { retries: 1 }).then(() => ended.push('retried')),
    broker.call('echo', [1]).then(() => ended.push('behind')),
  ]);
  expect(ended).toEqual(['retried', 'behind']);
});

test('a call does not run again after an error of the pipeline', async () => {
  const broker = await startBroker();
  expect(await caughtError(broker.call('fail', ['once'], { retries: 5 }))).toMatchObject({ message: 'once' });
});

test('a cancelled call does not run again', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  const call = broker.submit('dieAtFirst', [path, 5], { retries: 5 });
  await new Promise((resolve) => broker.once('exit', resolve));
  call.cancel();
  expect(await caughtError(call.result)).toMatchObject({ code: 'ERR_DUAL_CALL_CANCELLED' });
  expect(await broker.call('echo', [1])).toBe(1);
});
