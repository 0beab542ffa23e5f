import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const NO_CALLS = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, refused: 0 };
const NO_TIMES = {
  count: 0,
  mean: undefined,
  p50: undefined,
  p90: undefined,
  p99: undefined,
  max: undefined,
};

test('of a broker that has done nothing', () => {
  expect(makeBroker().stats()).toEqual({
    state: 'idle',
    calls: NO_CALLS,
    queue: { length: 0, bytes: 0 },
    batches: {},
    waitingTime: NO_TIMES,
    runningTime: NO_TIMES,
    serviceTime: undefined,
    restarts: 0,
    bytes: { sent: 0, received: 0 },
    processes: [],
  });
});

test('the queue and the process', async () => {
  const broker = makeBroker();
  const calls = [1, 2, 3].map((value) => broker.call('later', [value]));
  expect(broker.stats()).toMatchObject({ state: 'starting', queue: { length: 3 } });
  expect(broker.stats().queue.bytes).toBeGreaterThan(0);
  await Promise.all(calls);
  const pid = await broker.call('pid', []);
  const { processes, serviceTime } = broker.stats();
  expect(processes).toMatchObject([{ pid, state: 'idle', calls: 4 }]);
  expect(serviceTime).toBeGreaterThan(0);
});

describe('calls are counted', () => {
  test('by their state, each in one', async () => {
    const broker = await startBroker();
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const running = broker.call('gate', [gate]);
    const waiting = [1, 2].map((value) => broker.submit('echo', [value]));
    await atTheGate;
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, queued: 2, running: 1 });
    waiting[0]?.cancel();
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, queued: 1, running: 1, cancelled: 1 });
    writeFileSync(gate, '');
    await Promise.all([running, waiting[1]?.result]);
    await caughtError(broker.call('fail', ['on purpose']));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, succeeded: 2, failed: 1, cancelled: 1 });
  });

  test('a call that ran over its time has failed, though its process goes on with it', async () => {
    const broker = await startBroker();
    await caughtError(broker.call('heedful', [], { timeout: 5 }));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, failed: 1 });
    await broker.call('echo', [1]);
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, succeeded: 1, failed: 1 });
  });

  test('callers who share a key count once', async () => {
    const broker = makeBroker();
    await Promise.all([1, 1, 1].map((value) => broker.call('echo', [value], { key: 'shared' })));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, succeeded: 1 });
  });

  test.each([
    ['a full queue', 'echo', [1], {}],
    ['arguments that cannot cross', 'echo', [() => 1], {}],
    ['an option that is none', 'echo', [1], { timeout: -1 }],
    ['a signal that is aborted', 'echo', [1], { signal: AbortSignal.abort() }],
  ])('refused: %s', async (_why, method, args, options) => {
    const broker = makeBroker(undefined, { maxQueue: 0 });
    await caughtError(broker.call(method, args, options));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, refused: 1 });
  });

  test('one that runs again after a crash is one call', async () => {
    const broker = await startBroker();
    await broker.call('dieAtFirst', [temporaryPath(), 2], { retries: 2 });
    expect(broker.stats()).toMatchObject({
      calls: { ...NO_CALLS, succeeded: 1 },
      restarts: 2,
      waitingTime: { count: 3 },
      runningTime: { count: 3 },
    });
  });
});

describe('times', () => {
  test('a call waits until it starts, and then runs', async () => {
    const broker = await startBroker();
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const [first, second] = [broker.submit('gate', [gate]), broker.submit('echo', [1])];
    await atTheGate;
    await setTimeout(50);
    writeFileSync(gate, '');
    await Promise.all([first.result, second.result]);
    const { waitingTime, runningTime } = broker.stats();
    expect(waitingTime.count).toBe(2);
    expect(waitingTime.max).toBeGreaterThanOrEqual(49);
    expect(waitingTime.p50).toBeLessThan(49);
    expect(runningTime.count).toBe(2);
    expect(runningTime.p99).toBeGreaterThanOrEqual(49);
  });

  test('one that is given up before it started has waited, and not run', async () => {
    const broker = makeBroker();
    await caughtError(broker.call('hang', [], { queueTimeout: 1 }));
    const { waitingTime, runningTime } = broker.stats();
    expect([waitingTime.count, runningTime.count]).toEqual([1, 0]);
    expect(waitingTime.max).toBeGreaterThan(0.5);
  });

  test('one that lost its process has run', async () => {
    const broker = await startBroker();
    await caughtError(broker.call('kill', ['SIGKILL']));
    expect(broker.stats()).toMatchObject({ waitingTime: { count: 1 }, runningTime: { count: 1 } });
  });
});

describe('bytes', () => {
  test.each([
    ['pipes', false],
    ['shared memory', true],
  ])('cross in each direction, through %s', async (_way, sharedMemory) => {
    const broker = await startBroker(undefined, { sharedMemory });
    const idle = broker.stats().bytes;
    await broker.call('count', [new Uint8Array(300_000)]);
    const { bytes } = broker.stats();
    expect(bytes.sent - idle.sent).toBeGreaterThanOrEqual(300_000);
    expect(bytes.sent - idle.sent).toBeLessThan(301_000);
    await broker.call('bytes', [200_000]);
    expect(broker.stats().bytes.received - bytes.received).toBeGreaterThanOrEqual(200_000);
    expect(broker.stats().processes[0]?.bytes).toEqual(broker.stats().bytes);
  });

  test('of processes that have ended are not forgotten', async () => {
    const broker = await startBroker();
    await broker.call('count', [new Uint8Array(300_000)]);
    await broker.reload();
    expect(broker.stats().bytes.sent).toBeGreaterThanOrEqual(300_000);
    expect(broker.stats().processes[0]?.bytes.sent).toBeLessThan(10_000);
    const before = broker.stats().bytes.sent;
    const gone = exit(broker);
    await broker.close();
    await gone;
    expect(broker.stats().bytes.sent).toBeGreaterThanOrEqual(before);
    expect(broker.stats().processes).toMatchObject([{ state: 'exited' }]);
  });
});

test('a stopped process is suspended, and goes on when it is continued', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  process.kill(pid, 'SIGSTOP');
  const call = broker.call('echo', ['value']);
  while (broker.stats().processes[0]?.state !== 'suspended') await setTimeout(20);
  process.kill(pid, 'SIGCONT');
  expect(await call).toBe('value');
  while (broker.stats().processes[0]?.state === 'suspended') await setTimeout(20);
  expect(broker.stats().processes).toMatchObject([{ pid, state: 'idle' }]);
});
