import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit } from '../support/events.js';

const MIB = 1024 * 1024;
const LIMITED = { limits: { memory: 200 * MIB } };
const OVER = { name: 'ProcessExitError', code: 'ERR_DUAL_MEMORY_LIMIT', started: true, signal: 'SIGKILL' };

test('a process that exceeds limits.memory is ended in the middle of a call that blocks, and replaced', async () => {
  const broker = await startBroker(fixture('hog.mjs'), LIMITED);
  const pid = await broker.call('take', [1]);
  const exited = exit(broker);
  const endless = broker.submit('take', [100_000]);
  const behind = broker.call('echo', ['behind']);
  const error = await caughtError(endless.result);
  expect(error).toMatchObject({ ...OVER, method: 'take', pid });
  expect(error.message).toContain('limits.memory');
  expect(String(error.cause)).toMatch(/used \d+ MiB of memory, and limits\.memory is 200 MiB/);
  expect(await exited).toMatchObject({ reason: 'memory', signal: 'SIGKILL', pid });
  expect(await behind).toBe('behind');
});

test('a call below the limit succeeds', async () => {
  const broker = await startBroker(fixture('hog.mjs'), LIMITED);
  expect(await broker.call('take', [50])).toEqual(expect.any(Number));
});

test('a pipeline that does not fit is not tried again', async () => {
  const broker = makeBroker(fixture('hog.mjs'), { ...LIMITED, args: [100_000] });
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  expect(error.message).toContain('limits.memory is 200 MiB');
  expect(spawns).toBe(1);
});

test('memory that is shared with the broker does not count', async () => {
  const broker = await startBroker(fixture('hog.mjs'), {
    ...LIMITED,
    concurrency: 12,
    sharedMemory: { size: 1024 * MIB, threshold: MIB },
  });
  await broker.call('echo', [1]);
  const array = new Uint8Array(15 * MIB).fill(1);
  const lengths = await Promise.all(Array.from({ length: 12 }, () => broker.call('hold', [array, 300])));
  expect(new Set(lengths)).toEqual(new Set([15 * MIB]));
  expect(broker.stats().restarts).toBe(0);
});

test.each([0, 63 * MIB, -1, '1 GiB', NaN])('limits.memory rejects %p', (memory) => {
  expect(() => makeBroker(undefined, { limits: { memory: memory as number } })).toThrow(
    expect.objectContaining({ code: 'ERR_DUAL_INVALID_OPTION', option: 'limits.memory' }),
  );
});
