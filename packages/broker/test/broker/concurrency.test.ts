import { writeFileSync } from 'node:fs';

import type { Broker, Call } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

interface Gate {
  readonly call: Call;
  readonly open: () => void;
}

/** A call that waits, without blocking, until `open` is called. */
function gate(broker: Broker, value: string, options?: object): Gate {
  const path = temporaryPath();
  const call = broker.submit('softGate', [path, value], options);
  return {
    call,
    open: () => {
      writeFileSync(path, '');
    },
  };
}

test('runs as many calls at once as concurrency says, and they end in any order', async () => {
  const broker = await startBroker(undefined, { concurrency: 3 });
  const [first, second] = [gate(broker, 'first'), gate(broker, 'second')];
  const third = gate(broker, 'third');
  const fourth = gate(broker, 'fourth');
  expect([first, second, third, fourth].map(({ call }) => call.state)).toEqual([
    'running',
    'running',
    'running',
    'queued',
  ]);
  second.open();
  expect(await second.call.result).toBe('second');
  expect(fourth.call.state).toBe('running');
  fourth.open();
  expect(await fourth.call.result).toBe('fourth');
  expect([first, third].map(({ call }) => call.state)).toEqual(['running', 'running']);
  for (const { open } of [first, third]) open();
  expect(await Promise.all([first.call.result, third.call.result])).toEqual(['first', 'third']);
});

test('a concurrency of Infinity runs all calls at once', async () => {
  const broker = await startBroker(undefined, { concurrency: Infinity });
  const gates = Array.from({ length: 200 }, (_, i) => gate(broker, String(i)));
  expect(new Set(gates.map(({ call }) => call.state))).toEqual(new Set(['running']));
  for (const { open } of gates.toReversed()) open();
  expect(await Promise.all(gates.map(({ call }) => call.result))).toHaveLength(200);
});

test('each call has its own currentCall()', async () => {
  const broker = await startBroker(fixture('current-call.mjs'), { concurrency: 8 });
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  const seen = await Promise.all(keys.map((key) => broker.call('later', [], { key })));
  expect(seen).toEqual(keys.map((key) => [key, key, key]));
});

test('cancelling a call fires only its own signal', async () => {
  const broker = await startBroker(undefined, { concurrency: 3 });
  const said: string[] = [];
  const begun = new Promise<void>((resolve) => {
    broker.on('output', (text) => {
      said.push(text);
      if (said.join() === 'heeding,heeding') resolve();
    });
  });
  const [one, other] = [broker.submit('heedful', []), broker.submit('heedful', [])];
  await begun;
  const told = line(broker, 'heard');
  one.cancel();
  await told;
  expect(await broker.call('later', ['still here'])).toBe('still here');
  expect(other.state).toBe('running');
  expect(said).toEqual(['heeding', 'heeding', 'heard']);
});

test('an uncaught error rejects only the call that it comes from', async () => {
  const broker = await startBroker(fixture('late-errors.mjs'), { concurrency: 3 });
  const pid = await broker.call('pid', []);
  const quiet = broker.submit('run', [temporaryPath()]);
  expect(await caughtError(broker.call('raise', ['timer']))).toMatchObject({ message: 'of timer' });
  expect(quiet.state).toBe('running');
  expect(await broker.call('pid', [])).toBe(pid);
});

test('only the running calls reject when a process dies', async () => {
  const broker = await startBroker(undefined, { concurrency: 2 });
  const pid = Number(await broker.call('pid', []));
  const ran = [gate(broker, 'first'), gate(broker, 'second')].map(({ call }) => call);
  const behind = [1, 2, 3, 4].map((value) => broker.call('note', [value]));
  await line(broker, 'at the gate');
  const lost = ran.map(({ result }) => caughtError(result));
  process.kill(pid, 'SIGKILL');
  for (const error of await Promise.all(lost))
    expect(error).toMatchObject({ name: 'ProcessExitError', started: true });
  expect(await Promise.all(behind)).toEqual([1, 2, 3, 4]);
});

test('calls that were sent ahead, but had not started, run once in the next process', async () => {
  const broker = await startBroker(undefined, { concurrency: 2 });
  for (let i = 0; i < 200; i += 1) await broker.call('echo', [i]);
  const pid = Number(await broker.call('pid', []));
  const ran = [gate(broker, 'first'), gate(broker, 'second')].map(({ call }) => call);
  const behind = Array.from({ length: 40 }, (_, i) => broker.call('note', [i]));
  await line(broker, 'at the gate');
  const lost = ran.map(({ result }) => caughtError(result));
  process.kill(pid, 'SIGKILL');
  for (const error of await Promise.all(lost)) expect(error).toMatchObject({ started: true });
  await Promise.all(behind);
  expect(await broker.call('seen', [])).toHaveLength(40);
});

test('killing a process for an overdue call rejects the other running calls, but no queued ones', async () => {
  const broker = await startBroker(undefined, { concurrency: 2, killDelay: { timeout: 20 } });
  const other = gate(broker, 'other');
  const otherLost = caughtError(other.call.result);
  const overdue = caughtError(broker.call('hang', [], { timeout: 1_000 }));
  const behind = broker.call('echo', ['behind']);
  expect(await overdue).toMatchObject({ name: 'CallTimeoutError' });
  expect(await otherLost).toMatchObject({ name: 'ProcessExitError', started: true });
  expect(await behind).toBe('behind');
});

test('close() waits for all running calls', async () => {
  const broker = await startBroker(undefined, { concurrency: 4 });
  const gates = ['a', 'b', 'c', 'd'].map((value) => gate(broker, value));
  const closed = broker.close();
  for (const { open } of gates) open();
  expect(await Promise.all(gates.map(({ call }) => call.result))).toEqual(['a', 'b', 'c', 'd']);
  await closed;
});
