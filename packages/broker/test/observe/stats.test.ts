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

/** Percentiles may be off by 1 %. */
const PRECISION = 1.01;

test('stats() of a new broker is empty', () => {
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

test('stats() shows the queue and the process', async () => {
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
  test('in exactly one state each', async () => {
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

  test('as failed after a timeout, even if the process still runs them', async () => {
    const broker = await startBroker();
    await caughtError(broker.call('heedful', [], { timeout: 5 }));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, failed: 1 });
    await broker.call('echo', [1]);
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, succeeded: 1, failed: 1 });
  });

  test('once if several callers share a key', async () => {
    const broker = makeBroker();
    await Promise.all([1, 1, 1].map((value) => broker.call('echo', [value], { key: 'shared' })));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, succeeded: 1 });
  });

  test.each([
    ['a full queue', 'echo', [1], {}],
    ['arguments that cannot be serialized', 'echo', [() => 1], {}],
    ['an invalid option', 'echo', [1], { timeout: -1 }],
    ['an aborted signal', 'echo', [1], { signal: AbortSignal.abort() }],
    ['arguments that are no array', 'echo', 5 as unknown as unknown[], {}],
  ])('as refused because of %s', async (_why, method, args, options) => {
    const broker = makeBroker(undefined, { maxQueue: 0 });
    broker.submit('echo', [0]);
    await caughtError(broker.call(method, args, options));
    expect(broker.stats().calls).toEqual({ ...NO_CALLS, queued: 1, refused: 1 });
  });

  test('once if they run again after a crash', async () => {
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
  test('count a call as waiting until it starts, and then as running', async () => {
    const broker = await startBroker();
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const submitted = performance.now();
    const first = broker.submit('gate', [gate]);
    const others = [1, 2].map((value) => broker.submit('echo', [value]));
    await atTheGate;
    // Only the first call has started, and it waited no longer than this, however slow the machine is.
    const untilStart = performance.now() - submitted;
    const atStart = broker.stats();
    expect([atStart.waitingTime.count, atStart.runningTime.count]).toEqual([1, 0]);
    expect(atStart.waitingTime.max).toBeLessThanOrEqual(untilStart);
    await setTimeout(50);
    const released = performance.now();
    writeFileSync(gate, '');
    await Promise.all([first, ...others].map(({ result }) => result));
    const sinceRelease = performance.now() - released;
    const { waitingTime, runningTime } = broker.stats();
    expect([waitingTime.count, runningTime.count]).toEqual([3, 3]);
    // Two of the three calls waited for the first one, and ran only after its release.
    expect(waitingTime.p50).toBeGreaterThanOrEqual(49);
    expect(runningTime.max).toBeGreaterThanOrEqual(49);
    expect(runningTime.p50).toBeLessThanOrEqual(sinceRelease * PRECISION);
  });

  test('count a call as waiting, but not as running, if it ends before it starts', async () => {
    const broker = makeBroker();
    await caughtError(broker.call('hang', [], { queueTimeout: 1 }));
    const { waitingTime, runningTime } = broker.stats();
    expect([waitingTime.count, runningTime.count]).toEqual([1, 0]);
    expect(waitingTime.max).toBeGreaterThan(0.5);
  });

  test('count a call as running if its process dies', async () => {
    const broker = await startBroker();
    await caughtError(broker.call('kill', ['SIGKILL']));
    expect(broker.stats()).toMatchObject({ waitingTime: { count: 1 }, runningTime: { count: 1 } });
  });
});

describe('bytes', () => {
  test.each([
    ['pipes', false],
    ['shared memory', true],
  ])('are counted in each direction, through %s', async (_way, sharedMemory) => {
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

  test('include those of processes that have ended', async () => {
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

test('stats() shows a stopped process as suspended, and its call runs once it is continued', async () => {
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
