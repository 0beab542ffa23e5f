import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import type { ProcessExit } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line, spawned, state } from '../support/events.js';
import { isAlive } from '../support/processes.js';
import { temporaryModule, temporaryPath } from '../support/temporary.js';

const CLOSED = { name: 'BrokerClosedError', code: 'ERR_DUAL_BROKER_CLOSED' };
const MIB = 1024 * 1024;
/** Options for a child that breaks the protocol when it gets its first call. */
const FORGING = {
  workerPath: fixture('forger.mjs'),
  env: { FORGE: JSON.stringify([{ type: 0 }]) },
};

describe('recycling', () => {
  test('afterCalls limits the calls of each process, and no call is lost', async () => {
    const broker = makeBroker(undefined, { recycle: { afterCalls: 4 } });
    const pids = await Promise.all(Array.from({ length: 20 }, () => broker.call('pid', [])));
    const answers = new Map<unknown, number>();
    for (const pid of pids) answers.set(pid, (answers.get(pid) ?? 0) + 1);
    expect([...answers.values()]).toEqual([4, 4, 4, 4, 4]);
  });

  test('afterMs replaces a process even if it is idle', async () => {
    const broker = await startBroker(undefined, { recycle: { afterMs: 50 } });
    const before = await broker.call('pid', []);
    await spawned(broker);
    expect(await broker.call('pid', [])).not.toBe(before);
  });

  test('aboveMemory replaces a process that has grown', async () => {
    const broker = await startBroker(undefined, { recycle: { aboveMemory: 250 * MIB } });
    const gone = exit(broker);
    await broker.call('note', [new Uint8Array(250 * MIB).fill(1)]);
    expect(await gone).toMatchObject({ reason: 'requested', exitCode: 0 });
    expect(await broker.call('seen', [])).toEqual([]);
  });

  test('aboveMemory does not replace a process that has answered no call, even if it is too large', async () => {
    const broker = await startBroker(undefined, { recycle: { aboveMemory: 1 } });
    while (broker.stats().processes[0]?.rss === undefined) await setTimeout(5);
    expect(broker.stats()).toMatchObject({ state: 'ready', restarts: 0 });
  });
});

describe('reload', () => {
  test('lets the running call finish, however long it takes, and keeps waiting calls', async () => {
    const broker = await startBroker(undefined, { killDelay: { cancel: 1 } });
    const before = await broker.call('pid', []);
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const running = broker.call('gate', [gate, 'through']);
    await atTheGate;
    const reloaded = broker.reload();
    const waiting = broker.call('pid', []);
    expect(broker.state).toBe('restarting');
    await setTimeout(50); // longer than killDelay.cancel
    writeFileSync(gate, '');
    expect(await running).toBe('through');
    await reloaded;
    expect(broker.state).toBe('ready');
    expect(await waiting).not.toBe(before);
  });

  test('spawns the new process only after the old one has ended', async () => {
    const broker = await startBroker();
    const before = Number(await broker.call('pid', []));
    const next = spawned(broker);
    const reloaded = broker.reload();
    await next;
    expect(isAlive(before)).toBe(false);
    await reloaded;
  });

  test('a process that crashes while it finishes its calls is reported as a crash, and is replaced', async () => {
    const broker = await startBroker(undefined, { restart: { limit: 0 } });
    const before = Number(await broker.call('pid', []));
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const running = caughtError(broker.call('softGate', [gate, 'never']));
    await atTheGate;
    const [reloaded, ended] = [broker.reload(), exit(broker)];
    process.kill(before, 'SIGKILL');
    expect(await ended).toMatchObject({ reason: 'crash', signal: 'SIGKILL', pid: before });
    expect(await running).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', signal: 'SIGKILL', started: true });
    await reloaded;
    expect(await broker.call('pid', [])).not.toBe(before);
  });

  test.each<[ProcessExit['reason'], URL, TestOptions, string, unknown[]]>([
    ['fatal', fixture('late-errors.mjs'), {}, 'run', ['/no/such/file']],
    ['memory', fixture('hog.mjs'), { limits: { memory: 200 * MIB } }, 'take', [100_000]],
    ['protocol', fixture('pipeline.mjs'), FORGING, 'echo', [1]],
  ])(
    'a process that ends with the reason %s while it finishes its calls is replaced, whatever restart.limit says',
    async (reason, module, options, method, args) => {
      const broker = await startBroker(module, { ...options, restart: { limit: 0 } });
      const path = temporaryPath();
      if (reason === 'fatal') await broker.call('raiseLater', ['timer', path]);
      const ended = exit(broker);
      const running = caughtError(broker.call(method, args));
      const reloaded = broker.reload();
      writeFileSync(path, '');
      expect(await running).toMatchObject({ started: true });
      expect(await ended).toMatchObject({ reason });
      await reloaded;
      expect(broker.state).toBe('ready');
    },
  );

  test('replaces a process whose constructor throws because it is ended', async () => {
    const module = temporaryModule(`
      import { existsSync, writeFileSync } from 'node:fs';
      export default (path) => {
        if (existsSync(path)) return { value: () => 'second' };
        writeFileSync(path, '');
        console.log('constructing');
        return new Promise((_, reject) => process.once('SIGTERM', () => reject(new Error('ended'))));
      };`);
    const broker = makeBroker(module, { args: [temporaryPath()], restart: { limit: 0 } });
    const constructing = line(broker, 'constructing');
    const started = broker.start();
    await constructing;
    await broker.reload();
    await started;
    expect(await broker.call('value', [])).toBe('second');
  });

  test('starts a broker that has not started', async () => {
    const broker = makeBroker();
    await broker.reload();
    expect(broker.state).toBe('ready');
  });

  test('rejects while the broker is draining or closed, and disturbs no call', async () => {
    const broker = await startBroker();
    const running = broker.call('later', ['value']);
    const drained = broker.drain();
    expect(await caughtError(broker.reload())).toMatchObject(CLOSED);
    expect(await running).toBe('value');
    await drained;
    await broker.close();
    expect(await caughtError(broker.reload())).toMatchObject(CLOSED);
  });
});

test('drain() rejects new calls, and resolves when all earlier calls have settled', async () => {
  const broker = makeBroker();
  const calls = [1, 2, 3].map((value) => broker.call('later', [value]));
  const drained = broker.drain();
  expect(broker.state).toBe('draining');
  expect(await caughtError(broker.call('echo', [4]))).toMatchObject({ ...CLOSED, started: false });
  await drained;
  expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  await broker.close();
  expect(broker.state).toBe('closed');
});

describe('ready', () => {
  test('admits only as many waiting callers as the queue has room for', async () => {
    const broker = makeBroker(undefined, { maxQueue: 10 });
    const values = Array.from({ length: 500 }, (_, i) => i);
    const results = values.map(async (value) => {
      await broker.ready();
      return broker.call('echo', [value]);
    });
    expect(await Promise.all(results)).toEqual(values);
  });

  test('rejects for waiting callers when the broker is closed', async () => {
    const broker = await startBroker(undefined, { maxQueue: 1 });
    const running = [caughtError(broker.call('hang', [])), caughtError(broker.call('echo', [1]))];
    const waiting = caughtError(broker.ready());
    await broker.close({ timeout: 0 });
    expect(await waiting).toMatchObject(CLOSED);
    expect(await Promise.all(running)).toMatchObject([CLOSED, CLOSED]);
  });
});

test('a call with more bytes than maxQueueBytes is accepted if no other call waits', async () => {
  const broker = makeBroker(undefined, { maxQueueBytes: 100 });
  expect(await broker.call('echo', ['x'.repeat(1_000)])).toHaveLength(1_000);
});

test('a process that is killed for an overdue call does not start the calls after it', async () => {
  const broker = await startBroker(undefined, { killDelay: { timeout: 20 } });
  // After many quick calls, the broker sends calls ahead.
  for (let i = 0; i < 50; i += 1) await broker.call('echo', [i]);
  const overdue = caughtError(broker.call('untilTerm', [], { timeout: 20 }));
  const behind = [1, 2, 3].map((value) => broker.call('echo', [value]));
  expect(await overdue).toMatchObject({ name: 'CallTimeoutError' });
  expect(await Promise.all(behind)).toEqual([1, 2, 3]);
});

test('a process that raises an error because it is killed for an overdue call is replaced', async () => {
  const module = temporaryModule(`
    export default () => {
      process.on('SIGTERM', () => { throw new Error('ended'); });
      return { hang: () => new Promise(() => {}), echo: (value) => value };
    };`);
  const broker = await startBroker(module, { killDelay: { timeout: 0 }, restart: { limit: 0 } });
  const ended = exit(broker);
  expect(await caughtError(broker.call('hang', [], { timeout: 1 }))).toMatchObject({
    code: 'ERR_DUAL_CALL_TIMEOUT',
  });
  expect(await ended).toMatchObject({ reason: 'fatal', cause: { message: 'ended' } });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('calls that were sent ahead, but never started, reject with `started: false`', async () => {
  const broker = await startBroker(undefined, { restart: { limit: 0 } });
  for (let i = 0; i < 50; i += 1) await broker.call('echo', [i]);
  const killed = caughtError(broker.call('kill', ['SIGKILL']));
  const behind = [1, 2].map((value) => caughtError(broker.call('echo', [value])));
  expect(await killed).toMatchObject({ name: 'ProcessExitError', started: true });
  expect(await Promise.all(behind)).toMatchObject([
    { name: 'PipelineStartError', started: false },
    { name: 'PipelineStartError', started: false },
  ]);
  await state(broker, 'failed');
});

test('stats() shows a stopped child (SIGSTOP) as suspended until it is continued (SIGCONT)', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  const told = async (state: string): Promise<void> => {
    while (broker.stats().processes[0]?.state !== state) await setTimeout(5);
  };
  process.kill(pid, 'SIGSTOP');
  await told('suspended');
  process.kill(pid, 'SIGCONT');
  await told('idle');
  expect(await broker.call('pid', [])).toBe(pid);
});
