import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import type { Broker, BrokerState } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line, state } from '../support/events.js';
import { temporaryModule, temporaryPath } from '../support/temporary.js';

/** Blocks a process until the file `path` exists. Resolves when the process is blocked. */
async function block(broker: Broker, value: string): Promise<{ path: string; result: Promise<unknown> }> {
  const path = temporaryPath();
  const atGate = line(broker, 'at the gate');
  const result = broker.call('gate', [path, value]);
  await atGate;
  return { path, result };
}

const pids = (broker: Broker): (number | undefined)[] => broker.stats().processes.map(({ pid }) => pid);

test('a call goes to a free process, and waits if none is free', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const first = await block(broker, 'first');
  const second = await block(broker, 'second');
  const third = broker.submit('echo', ['third']);
  expect(broker.stats().queue.length).toBe(1);
  writeFileSync(second.path, '');
  expect(await Promise.all([second.result, third.result])).toEqual(['second', 'third']);
  writeFileSync(first.path, '');
  expect(await first.result).toBe('first');
});

test('quick calls do not wait behind a long one while another process is free', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  for (let i = 0; i < 200; i += 1) await broker.call('echo', [i]);
  const path = temporaryPath();
  const long = broker.call('gate', [path, 'long']);
  const values = Array.from({ length: 100 }, (_, i) => i);
  expect(await Promise.all(values.map((value) => broker.call('echo', [value])))).toEqual(values);
  writeFileSync(path, '');
  expect(await long).toBe('long');
});

test('calls start in the order of their submission, across all processes', async () => {
  const broker = makeBroker(undefined, { processes: 3 });
  const calls = Array.from({ length: 300 }, (_, i) => broker.submit('echo', [i]));
  await Promise.all(calls.map(({ result }) => result));
  const starts = calls.map(({ startedAt }) => Number(startedAt?.getTime()));
  // Dates have a resolution of 1 ms.
  expect(starts.filter((start, i) => start + 1 < (starts[i - 1] ?? 0))).toEqual([]);
});

test('env as a function gives each process its own variables, and its replacement the same', async () => {
  const broker = await startBroker(undefined, {
    processes: 2,
    env: (index) => ({ DEVICE: String(index) }),
  });
  // Both processes are free, so each gets one call.
  const devices = (): Promise<unknown[]> =>
    Promise.all([broker.call('environment', ['DEVICE']), broker.call('environment', ['DEVICE'])]);
  expect(await devices()).toEqual(['0', '1']);
  const [, second = 0] = pids(broker);
  const gone = exit(broker);
  process.kill(second, 'SIGKILL');
  expect(await gone).toMatchObject({ pid: second, index: 1 });
  await broker.start();
  expect(await devices()).toEqual(['0', '1']);
});

test('a process that crashes does not disturb the others, and its queued calls still run', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const blocked = await block(broker, 'undisturbed');
  const lost = caughtError(broker.call('kill', ['SIGKILL']));
  const behind = [1, 2, 3].map((value) => broker.call('echo', [value]));
  expect(await lost).toMatchObject({ name: 'ProcessExitError', started: true });
  expect(broker.state).toBe('ready');
  expect(await Promise.all(behind)).toEqual([1, 2, 3]);
  writeFileSync(blocked.path, '');
  expect(await blocked.result).toBe('undisturbed');
});

test('recycling replaces a process while the other runs calls, and loses no call', async () => {
  const broker = await startBroker(undefined, { processes: 2, recycle: { afterCalls: 5 } });
  const values = Array.from({ length: 100 }, (_, i) => i);
  expect(await Promise.all(values.map((value) => broker.call('later', [value])))).toEqual(values);
  expect(broker.stats().restarts).toBeGreaterThanOrEqual(18);
});

test('reload() replaces the processes one by one, so that calls run all the time', async () => {
  const broker = await startBroker(undefined, { processes: 3 });
  const before = pids(broker);
  const states: BrokerState[] = [];
  broker.on('state', (now) => states.push(now));
  const down: number[] = [];
  broker.on('exit', () => {
    down.push(broker.stats().processes.filter(({ state }) => state !== 'idle' && state !== 'busy').length);
  });
  const reload = broker.reload();
  while (down.length < 3) expect(await broker.call('later', ['value'])).toBe('value');
  await reload;
  expect(states).toEqual([]);
  expect(down).toEqual([1, 1, 1]);
  const after = pids(broker);
  expect(after).toHaveLength(3);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test('a process that was given up comes back after `restart.within`, while another one runs', async () => {
  const version = (number: number): string => `export default class { version() { return ${number}; } }`;
  const module = temporaryModule(version(1));
  const options = { processes: 2, restart: { limit: 1, within: 2_000 } };
  const broker = await startBroker(module, options);
  writeFileSync(module, 'throw new Error("broken for a moment");');
  const error = await caughtError(broker.reload());
  expect(error).toMatchObject({ name: 'PipelineStartError' });
  expect(broker.stats().processes).toMatchObject([{ state: 'exited' }, { state: 'idle' }]);
  writeFileSync(module, version(2));
  // Its first process is the first to get a call.
  while ((await broker.call('version', [])) !== 2) await setTimeout(5);
  expect(broker.stats().processes).toMatchObject([{ state: 'idle' }, { state: 'idle' }]);
});

describe('if a process cannot start', () => {
  const options = (path: string): object => ({
    processes: 2,
    args: [path],
    env: (index: number) => ({ INDEX: String(index) }),
    restart: { limit: 0 },
  });

  test('start() rejects, the other processes run calls, and start() can try again', async () => {
    const path = temporaryPath();
    const broker = makeBroker(fixture('second-fails.mjs'), options(path));
    const error = await caughtError(broker.start());
    expect(error).toMatchObject({
      name: 'PipelineStartError',
      cause: { message: 'no device for the second' },
    });
    expect(await broker.call('index', [])).toBe('0');
    expect(broker.stats()).toMatchObject({
      state: 'ready',
      processes: [{ index: 0 }, { index: 1, state: 'exited' }],
    });
    writeFileSync(path, '');
    await broker.start();
    expect(broker.stats().processes).toMatchObject([{ state: 'idle' }, { state: 'idle' }]);
  });

  test('and no other can either, the broker fails, and calls reject', async () => {
    const broker = makeBroker(fixture('broken/loading.mjs'), { processes: 2, restart: { limit: 0 } });
    const call = caughtError(broker.call('echo', [1]));
    expect(await caughtError(broker.start())).toMatchObject({ name: 'PipelineStartError' });
    expect(await call).toMatchObject({ name: 'PipelineStartError', started: false });
    await state(broker, 'failed');
    expect(broker.stats().processes).toMatchObject([{ state: 'exited' }, { state: 'exited' }]);
  });
});

test('close() ends every process', async () => {
  const broker = await startBroker(undefined, { processes: 3 });
  const gone: (number | undefined)[] = [];
  broker.on('exit', ({ pid }) => gone.push(pid));
  const before = pids(broker);
  await broker.close();
  expect(new Set(gone)).toEqual(new Set(before));
});
