import { writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';
import { blockUntil, gone } from '../support/processes.js';
import { temporaryPath } from '../support/temporary.js';

const TIMED_OUT = { name: 'CallTimeoutError', code: 'ERR_DUAL_CALL_TIMEOUT', started: true };

test('a call that exceeds its timeout rejects at once, its signal fires, and the process goes on', async () => {
  const broker = await startBroker();
  const pid = await broker.call('pid', []);
  const heard = line(broker, 'heard');
  const error = await caughtError(broker.call('heedful', [], { timeout: 20 }));
  expect(error).toMatchObject({ ...TIMED_OUT, method: 'heedful' });
  expect(error.message).toContain('20 ms');
  await heard;
  expect(await broker.call('pid', [])).toBe(pid);
});

test.each(['spin', 'spinOnTerm', 'hang', 'hangOnTerm'])(
  'a call that does not stop after its timeout (%s) is killed, and only that call fails',
  async (method) => {
    const broker = await startBroker(undefined, { killDelay: { timeout: 20 } });
    const pid = await broker.call('pid', []);
    const exited = exit(broker);
    const result = caughtError(broker.call(method, [], { timeout: 50 }));
    const behind = [broker.call('note', [1]), broker.call('note', [2])];
    expect(await result).toMatchObject(TIMED_OUT);
    expect(await exited).toMatchObject({ pid, reason: 'overdue' });
    await gone(Number(pid));
    expect(await Promise.all(behind)).toEqual([1, 2]);
    expect(await broker.call('seen', [])).toEqual([1, 2]);
  },
);

test('a stopped child (SIGSTOP) is killed after the timeout of its call, and later calls run', async () => {
  const broker = await startBroker(undefined, { killDelay: { timeout: 20 } });
  const pid = Number(await broker.call('pid', []));
  const hanging = line(broker, 'hanging');
  const result = caughtError(broker.call('hang', [], { timeout: 100 }));
  const behind = broker.call('echo', ['next']);
  await hanging;
  process.kill(pid, 'SIGSTOP');
  expect(await result).toMatchObject(TIMED_OUT);
  expect(await behind).toBe('next');
});

test('a stopped child (SIGSTOP) loses no call if it is continued (SIGCONT)', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  process.kill(pid, 'SIGSTOP');
  const results = Array.from({ length: 100 }, (_, i) => broker.call('note', [i]));
  process.kill(pid, 'SIGCONT');
  expect(await Promise.all(results)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(await broker.call('pid', [])).toBe(pid);
});

test('the clock of timeout starts with the call, not while it waits', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  const before = broker.submit('gate', [path]);
  const call = broker.submit('echo', [1], { timeout: 1_000 });
  const waited = caughtError(broker.call('echo', [2], { queueTimeout: 1_200 }));
  expect(await waited).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT', started: false });
  expect(call.state).toBe('queued');
  writeFileSync(path, '');
  await before.result;
  expect(await call.result).toBe(1);
});

test('the time that a call waits to run again does not count towards its timeout', async () => {
  const marker = temporaryPath();
  const broker = await startBroker(fixture('once.mjs'), { args: [marker] });
  const exited = exit(broker);
  const call = broker.submit('die', [], { timeout: 1_000, retries: 1 });
  await exited;
  await caughtError(broker.call('echo', [1], { queueTimeout: 1_200 }));
  expect(call.state).toBe('queued');
  writeFileSync(`${marker}.go`, '');
  expect(await caughtError(call.result)).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
});

test("the broker's timeout applies to every call, but the call's own timeout overrides it", async () => {
  const broker = await startBroker(undefined, { timeout: 20 });
  expect(await caughtError(broker.call('heedful', []))).toMatchObject(TIMED_OUT);
  expect(await broker.call('block', [50, 'late'], { timeout: Infinity })).toBe('late');
});

test('a timeout in a race with the result gives exactly one outcome, and never affects the next call', async () => {
  const broker = await startBroker();
  const pid = await broker.call('pid', []);
  for (let round = 0; round < 150; round += 1) {
    const racing = broker
      .call('block', [2, round], { timeout: 1 + (round % 4) })
      .catch((error: unknown) => (error instanceof Error ? error.name : 'not an error'));
    const next = broker.call('echo', [`next ${round}`]);
    expect([round, 'CallTimeoutError']).toContain(await racing);
    expect(await next).toBe(`next ${round}`);
  }
  expect(await broker.call('pid', [])).toBe(pid);
});

test('the broker does not fail because many overdue calls in a row are killed', async () => {
  const broker = await startBroker(undefined, { killDelay: { timeout: 0 }, restart: { limit: 2 } });
  for (let round = 0; round < 4; round += 1) {
    expect(await caughtError(broker.call('spin', [], { timeout: 20 }))).toMatchObject(TIMED_OUT);
  }
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('a call that hangs, and whose queueTimeout passes just when it starts, does not block later calls', async () => {
  const broker = await startBroker(undefined, { killDelay: { timeout: 20 } });
  // After many quick calls, the broker sends calls ahead.
  for (let i = 0; i < 50; i += 1) await broker.call('echo', [i]);
  const path = temporaryPath();
  const before = broker.call('mark', [path, 'x']);
  const hung = caughtError(broker.call('spin', [], { queueTimeout: 50 }));
  const behind = broker.call('echo', ['next']);
  // Block this process while the child answers the first call and starts the second.
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
  const until = Date.now() + 200;
  blockUntil(() => Date.now() > until);
  expect(await before).toBe('x');
  expect(await hung).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT' });
  expect(await behind).toBe('next');
});
