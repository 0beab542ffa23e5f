import { writeFileSync } from 'node:fs';

import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line, spawned, state } from '../support/events.js';
import { gone, isAlive } from '../support/processes.js';
import { temporaryPath } from '../support/temporary.js';

const CLOSED = { name: 'BrokerClosedError', code: 'ERR_DUAL_BROKER_CLOSED' };

test('close() lets running and queued calls finish, then ends the child', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  const path = temporaryPath();
  const calls = [broker.call('gate', [path, 1]), broker.call('echo', [2]), broker.call('echo', [3])];
  const closed = broker.close();
  expect(broker.state).toBe('draining');
  expect(await caughtError(broker.call('echo', [4]))).toMatchObject({ ...CLOSED, started: false });
  expect(await caughtError(() => broker.submit('echo', [4]))).toMatchObject(CLOSED);
  writeFileSync(path, '');
  expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  await closed;
  expect(broker.state).toBe('closed');
  expect(isAlive(pid)).toBe(false);
});

test('close() rejects running and queued calls with BrokerClosedError once its timeout is over', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  const spinning = line(broker, 'spinning');
  const running = caughtError(broker.call('spin', []));
  const queued = caughtError(broker.call('echo', [1]));
  await spinning;
  await broker.close({ timeout: 20 });
  expect(await running).toMatchObject({ ...CLOSED, started: true });
  expect(await queued).toMatchObject({ ...CLOSED, started: false });
  expect(isAlive(pid)).toBe(false);
});

test.each<[string, TestOptions]>([
  ['one process', {}],
  ['several processes', { processes: 2 }],
  ['processes that follow the load', { processes: { min: 1, max: 3 } }],
])('close({ timeout }) of %s starts no process for the calls that it rejects', async (_, options) => {
  const broker = await startBroker(undefined, options);
  const spinning = line(broker, 'spinning');
  const calls = [broker.submit('spin', [], { affinity: 'mine' })];
  await spinning;
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  // Rejecting so many takes longer than the end of the process.
  for (let i = 0; i < 10_000; i += 1) calls.push(broker.submit('echo', [i], { affinity: 'mine' }));
  await broker.close({ timeout: 1 });
  expect(calls.filter(({ state }) => state !== 'failed')).toEqual([]);
  expect(spawns).toBe(0);
});

test('close() called again with a shorter timeout ends the broker at that timeout, for all its callers', async () => {
  const broker = await startBroker();
  const hanging = line(broker, 'hanging');
  const call = caughtError(broker.call('hangOnTerm', []));
  await hanging;
  const first = broker.close();
  const second = broker.close({ timeout: 10 });
  await Promise.all([first, second, broker.close()]);
  expect(await call).toMatchObject(CLOSED);
  await broker.close();
  expect(broker.state).toBe('closed');
});

test('close() closes a broker that never started', async () => {
  const broker = makeBroker();
  await broker.close();
  expect(broker.state).toBe('closed');
  expect(await caughtError(broker.start())).toMatchObject(CLOSED);
});

test('close() during start rejects start(), and leaves no process', async () => {
  const broker = makeBroker(fixture('slow-constructor.mjs'), { args: [60_000] });
  const pid = spawned(broker);
  const started = caughtError(broker.start());
  await pid;
  await broker.close();
  expect(await started).toMatchObject(CLOSED);
  await gone(await pid);
});

test('close() rejects start() even if both are called in the same tick', async () => {
  const broker = makeBroker();
  const started = caughtError(broker.start());
  await broker.close();
  expect(await started).toMatchObject(CLOSED);
  expect(broker.state).toBe('closed');
});

test('close() during start runs a queued call first', async () => {
  const broker = makeBroker(fixture('slow-constructor.mjs'), { args: [50] });
  const call = broker.call('constructed', []);
  await broker.close();
  expect(await call).toBe(true);
});

test('close() during a crash runs the queued calls in the next process, then ends it', async () => {
  const broker = await startBroker();
  const lost = caughtError(broker.call('kill', ['SIGKILL']));
  const behind = broker.call('pid', []);
  const closed = broker.close();
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
  const pid = Number(await behind);
  await closed;
  expect(isAlive(pid)).toBe(false);
});

test('close() during the pause before a restart does not wait for the restart', async () => {
  const broker = await startBroker(undefined, { restart: { minDelay: 60_000, maxDelay: 60_000 } });
  await caughtError(broker.call('kill', ['SIGKILL']));
  await state(broker, 'restarting');
  await broker.close();
  expect(broker.state).toBe('closed');
});

test('close({ timeout }) during the pause before a restart rejects the queued calls', async () => {
  const broker = await startBroker(undefined, { restart: { minDelay: 60_000, maxDelay: 60_000 } });
  const lost = caughtError(broker.call('kill', ['SIGKILL']));
  const queued = caughtError(broker.call('echo', [1]));
  await lost;
  await broker.close({ timeout: 10 });
  expect(await queued).toMatchObject(CLOSED);
});

test('close() resolves if it is called in the continuation of a call', async () => {
  const broker = await startBroker();
  const done = broker.call('echo', [1]).then(() => broker.close());
  await done;
  expect(broker.state).toBe('closed');
});

test('close() closes a failed broker', async () => {
  const broker = makeBroker(fixture('no-such-file.mjs'));
  await caughtError(broker.start());
  expect(broker.state).toBe('failed');
  await broker.close();
  expect(broker.state).toBe('closed');
});

test('await using closes the broker at the end of the block', async () => {
  let pid: number;
  {
    await using broker = await Broker.start(fixture('pipeline.mjs'), { output: 'ignore' });
    pid = Number(await broker.call('pid', []));
    expect(isAlive(pid)).toBe(true);
  }
  expect(isAlive(pid)).toBe(false);
});

test('close() does not wait for a call that is cancelled meanwhile', async () => {
  const broker = await startBroker(undefined, { killDelay: { cancel: 20 } });
  const spinning = line(broker, 'spinning');
  const call = broker.submit('spin', []);
  await spinning;
  const closed = broker.close();
  call.cancel();
  await closed;
  expect(broker.state).toBe('closed');
});

test('close({ timeout: 0 }) emits no warning if thirty callers call it at once', async () => {
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listener);
  const broker = await startBroker();
  const hanging = line(broker, 'hanging');
  const call = caughtError(broker.call('hangOnTerm', []));
  await hanging;
  await Promise.all(Array.from({ length: 30 }, () => broker.close({ timeout: 0 })));
  await call;
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listener);
  expect(warnings).toEqual([]);
});

test('close() resolves if the process is killed during its last call, which rejects', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  const hanging = line(broker, 'hanging');
  const lost = caughtError(broker.call('hang', []));
  await hanging;
  const closed = broker.close();
  process.kill(pid, 'SIGKILL');
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', started: true, signal: 'SIGKILL' });
  await closed;
  expect(broker.state).toBe('closed');
});
