import { createHook } from 'node:async_hooks';
import { writeFileSync } from 'node:fs';

import type { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line, state } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const SOON = 50;

interface Counts {
  spawned: number;
  exited: number;
}

/** Resolves when the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Counts its processes from now on. */
function counts(broker: Broker): Counts {
  const seen = { spawned: 0, exited: 0 };
  broker.on('spawn', () => (seen.spawned += 1));
  broker.on('exit', () => (seen.exited += 1));
  return seen;
}

test('with min 0 a broker is ready without a process, and the next call starts one', async () => {
  const broker = makeBroker(undefined, { processes: { min: 0, max: 1, idleAfter: SOON } });
  const seen = counts(broker);
  await broker.start();
  expect(broker.state).toBe('ready');
  expect(seen.spawned).toBe(0);
  const ended = exit(broker);
  expect(await broker.call('echo', ['woken'])).toBe('woken');
  expect(await ended).toMatchObject({ reason: 'requested', index: 0 });
  expect(broker.state).toBe('ready');
  expect(broker.stats()).toMatchObject({ processes: [], restarts: 0 });
  expect(await broker.call('echo', ['again'])).toBe('again');
  expect(seen.spawned).toBe(2);
  expect(broker.stats().restarts).toBe(0);
});

test('a first call without start() brings up one process, not max', async () => {
  const broker = makeBroker(undefined, { processes: { min: 0, max: 3 } });
  const seen = counts(broker);
  expect(await broker.call('echo', [1])).toBe(1);
  expect(broker.stats().processes).toHaveLength(1);
  expect(seen.spawned).toBe(1);
});

test('processes come with the load, up to max, and go down to min', async () => {
  const broker = await startBroker(undefined, { processes: { min: 1, max: 3, idleAfter: SOON } });
  expect(broker.stats().processes).toHaveLength(1);
  const path = temporaryPath();
  const calls = Array.from({ length: 5 }, (_, i) => broker.submit('gate', [path, i]));
  // None ends before the file exists, so three run at once only if there are three processes.
  await until(() => calls.filter((call) => call.state === 'running').length === 3);
  const seen = counts(broker);
  writeFileSync(path, '');
  expect(await Promise.all(calls.map(({ result }) => result))).toEqual([0, 1, 2, 3, 4]);
  await exit(broker);
  while (broker.stats().processes.length > 1) await exit(broker);
  expect(seen).toEqual({ spawned: 0, exited: 2 });
  expect(broker.state).toBe('ready');
  expect(await broker.call('echo', ['still'])).toBe('still');
});

test('calls that fit into one batch, or into the places of one process, start one process', async () => {
  const batched = makeBroker(fixture('batches.mjs'), {
    processes: { min: 0, max: 4 },
    batch: { run: { method: 'runBatch', maxSize: 32 } },
  });
  expect(await Promise.all([1, 2, 3].map((value) => batched.call('run', [{ value }])))).toEqual([1, 2, 3]);
  expect(batched.stats().processes).toHaveLength(1);
  const concurrent = makeBroker(undefined, { processes: { min: 0, max: 4 }, concurrency: 8 });
  await Promise.all([1, 2, 3].map((n) => concurrent.call('echo', [n])));
  expect(concurrent.stats().processes).toHaveLength(1);
});

describe('no process comes for', () => {
  test('calls that wait for the busy process of their affinity', async () => {
    const broker = makeBroker(undefined, { processes: { min: 0, max: 4, idleAfter: SOON } });
    const seen = counts(broker);
    const path = temporaryPath();
    const atGate = line(broker, 'at the gate');
    const busy = broker.call('gate', [path], { affinity: 'mine' });
    await atGate;
    const bound = [1, 2, 3].map((value) => broker.submit('echo', [value], { affinity: 'mine' }));
    const other = exit(broker);
    expect(await broker.call('echo', ['other'])).toBe('other');
    await other;
    expect(seen).toEqual({ spawned: 2, exited: 1 });
    writeFileSync(path, '');
    await busy;
    expect(await Promise.all(bound.map(({ result }) => result))).toEqual([1, 2, 3]);
    expect(seen.spawned).toBe(2);
  });

  test('further calls of an affinity that one process will get', async () => {
    const broker = makeBroker(undefined, { processes: { min: 0, max: 4 } });
    await Promise.all([1, 2, 3].map((value) => broker.call('echo', [value], { affinity: 'mine' })));
    expect(broker.stats().processes).toHaveLength(1);
    const many = ['a', 'b'].map((affinity) => broker.call('block', [20], { affinity }));
    await Promise.all(many);
    expect(broker.stats().processes).toHaveLength(2);
  });

  test('a batch that waits for more calls', async () => {
    const broker = makeBroker(fixture('batches.mjs'), {
      processes: { min: 0, max: 4, idleAfter: SOON },
      batch: { run: { method: 'runBatch', maxSize: 4, maxDelay: 4 * SOON } },
    });
    const seen = counts(broker);
    expect(await broker.call('run', [{ value: 1 }])).toBe(1);
    expect(seen.spawned).toBe(1);
  });
});

describe('a batch that waited without a process gets one', () => {
  const start = (): Broker =>
    makeBroker(fixture('batches.mjs'), {
      processes: { min: 0, max: 4 },
      batch: { run: { method: 'runBatch', maxSize: 2, maxDelay: Infinity } },
    });

  /** Makes a call that waits, and no process comes for it. */
  const waiting = async (broker: Broker): Promise<Promise<unknown>[]> => {
    const first = broker.call('run', [{ value: 1 }]);
    for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
    expect(broker.stats().processes).toEqual([]);
    return [first];
  };

  test('when it is full', async () => {
    const broker = start();
    const calls = await waiting(broker);
    calls.push(broker.call('run', [{ value: 2 }]));
    expect(await Promise.all(calls)).toEqual([1, 2]);
    expect(broker.stats().processes).toHaveLength(1);
  });

  test('when the broker drains', async () => {
    const broker = start();
    const calls = await waiting(broker);
    await broker.drain();
    expect(await Promise.all(calls)).toEqual([1]);
  });
});

describe.each([0, 1])('with idleAfter %i', (idleAfter) => {
  test('a process ends when it has no call, and not before', async () => {
    const broker = makeBroker(undefined, { processes: { min: 0, max: 2, idleAfter }, concurrency: 2 });
    const seen = counts(broker);
    const path = temporaryPath();
    const atGate = line(broker, 'at the gate');
    const first = broker.submit('softGate', [path]);
    await atGate;
    // Several times as long as `idleAfter`.
    await broker.call('block', [20]);
    expect(broker.stats().processes).toMatchObject([{ state: 'busy' }]);
    const ended = exit(broker);
    writeFileSync(path, '');
    await first.result;
    expect(await ended).toMatchObject({ reason: 'requested' });
    expect(seen).toEqual({ spawned: 1, exited: 1 });
  });

  test('a call that is taken back does not keep its process', async () => {
    const broker = makeBroker(undefined, { processes: { min: 0, max: 1, idleAfter } });
    const ended = exit(broker);
    void broker.call('echo', [1]).then(() => broker.submit('echo', [2]).cancel());
    expect(await ended).toMatchObject({ reason: 'requested' });
  });

  test('neither a busy process nor one that must stay costs timers', async () => {
    const processes = { min: 1, max: 2, idleAfter };
    const brokers = await Promise.all([1, 2].map(() => startBroker(undefined, { processes })));
    let timers = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === 'Timeout') timers += 1;
      },
    }).enable();
    await brokers[0]?.call('block', [200]);
    hook.disable();
    expect(timers).toBeLessThan(20);
  });
});

test('a call that comes while the idle process ends waits for the next one', async () => {
  const broker = await startBroker(fixture('disposable.mjs'), {
    args: ['hang', temporaryPath()],
    processes: { min: 0, max: 1, idleAfter: SOON },
    killDelay: { cancel: 300 },
  });
  await broker.call('work', []);
  const first = broker.stats().processes[0];
  const ended = exit(broker);
  await until(() => broker.stats().processes[0]?.state === 'stopping');
  const second = broker.call('work', []);
  expect(broker.state).toBe('starting');
  expect(await ended).toMatchObject({ pid: first?.pid });
  await second;
  expect(broker.stats().processes[0]?.pid).not.toBe(first?.pid);
  expect(broker.stats().restarts).toBe(0);
});

test('a pipeline that cannot be constructed fails the broker, and start() makes it ready to try again', async () => {
  const broker = makeBroker(fixture('broken/loading.mjs'), {
    processes: { min: 0, max: 3 },
    env: { KIND: 'throw', ATTEMPTS: temporaryPath() },
  });
  const seen = counts(broker);
  await broker.start();
  const failed = state(broker, 'failed');
  expect(await caughtError(broker.call('echo', [1]))).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  await failed;
  expect(seen.spawned).toBe(1);
  expect(await caughtError(broker.call('echo', [2]))).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  expect(seen.spawned).toBe(1);
  await broker.start();
  expect(await caughtError(broker.call('echo', [3]))).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  expect(seen.spawned).toBe(2);
});

test('a process that dies is replaced, and the calls behind it run', async () => {
  const broker = makeBroker(undefined, { processes: { min: 0, max: 1 } });
  const lost = caughtError(broker.call('kill', ['SIGKILL']));
  const behind = broker.call('echo', ['behind']);
  expect(await lost).toMatchObject({ name: 'ProcessExitError' });
  expect(await behind).toBe('behind');
  expect(broker.stats().restarts).toBe(1);
});

test('close() and reload() work without a process', async () => {
  const broker = await startBroker(undefined, { processes: { min: 0, max: 2 } });
  const seen = counts(broker);
  await broker.reload();
  await broker.close();
  expect(seen.spawned).toBe(0);
  expect(broker.state).toBe('closed');
});

test('close() lets a call finish that has just woken a process', async () => {
  const broker = await startBroker(undefined, { processes: { min: 0, max: 2 } });
  const result = broker.call('echo', ['last']);
  await broker.close();
  expect(await result).toBe('last');
});

test('maxQueue 0 lets a call in that will start a process', async () => {
  const broker = await startBroker(undefined, { processes: { min: 0, max: 1 }, maxQueue: 0 });
  await broker.ready();
  expect(await broker.call('echo', [1])).toBe(1);
});

test('env by index reaches a process that comes with the load', async () => {
  const broker = await startBroker(undefined, {
    processes: { min: 0, max: 2 },
    env: (index) => ({ DEVICE: `device ${index}` }),
  });
  expect(await broker.call('environment', ['DEVICE'])).toBe('device 0');
});

test.each([
  [0, 'processes'],
  [{ min: -1 }, 'processes.min'],
  [{ min: 3, max: 2 }, 'processes.min'],
  [{ max: 0 }, 'processes.max'],
  [{ idleAfter: -1 }, 'processes.idleAfter'],
  [{ maximum: 2 }, 'processes.maximum'],
])('processes rejects %j', (processes, option) => {
  expect(() => makeBroker(undefined, { processes: processes as number })).toThrow(
    expect.objectContaining({ code: 'ERR_DUAL_INVALID_OPTION', option }),
  );
});
