import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';

import type { DiagnosticsMessages } from '@dual/broker';
import { afterEach, describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';
import { runProgram } from '../support/programs.js';
import { temporaryPath } from '../support/temporary.js';

type Name = keyof DiagnosticsMessages;

const subscriptions: (() => void)[] = [];
afterEach(() => {
  for (const end of subscriptions.splice(0)) end();
});

/** Calls `take` for each message until the test ends. */
function listen<N extends Name>(name: N, take: (message: DiagnosticsMessages[N]) => void): void {
  const listener = (message: unknown): void => {
    take(message as DiagnosticsMessages[N]); // the documented type of this channel
  };
  subscribe(name, listener);
  subscriptions.push(() => unsubscribe(name, listener));
}

/** A log of all messages about calls, from now on. */
function callLog(): string[] {
  const log: string[] = [];
  listen('dual:broker:call:queue', ({ call, attempt }) => log.push(`queue ${call.key} ${attempt}`));
  listen('dual:broker:call:start', ({ call, attempt }) => log.push(`start ${call.key} ${attempt}`));
  listen('dual:broker:call:settle', ({ call }) => log.push(`${call.state} ${call.key}`));
  return log;
}

describe('a call', () => {
  test('is queued, starts and settles', async () => {
    const log = callLog();
    const broker = makeBroker();
    await broker.call('echo', [1], { key: 'a' });
    expect(log).toEqual(['queue a 0', 'start a 0', 'succeeded a']);
  });

  test('is the same object in all messages, and the one that submit() returns', async () => {
    const calls: unknown[] = [];
    listen('dual:broker:call:queue', ({ call }) => calls.push(call));
    listen('dual:broker:call:start', ({ call }) => calls.push(call));
    listen('dual:broker:call:settle', ({ call }) => calls.push(call));
    const call = makeBroker().submit('echo', [1]);
    await call.result;
    expect(calls).toHaveLength(3);
    for (const each of calls) expect(each).toBe(call);
  });

  test('that fails settles with the same error that its caller gets', async () => {
    const errors: unknown[] = [];
    listen('dual:broker:call:settle', ({ error }) => errors.push(error));
    const broker = makeBroker();
    await broker.call('echo', [1]);
    const error = await caughtError(broker.call('fail', ['on purpose']));
    expect(errors).toEqual([undefined, error]);
    expect(errors[1]).toBe(error);
  });

  test('that runs again is queued and starts again', async () => {
    const log = callLog();
    const broker = await startBroker();
    await broker.call('dieAtFirst', [temporaryPath(), 1], { key: 'a', retries: 1 });
    expect(log).toEqual(['queue a 0', 'start a 0', 'queue a 1', 'start a 1', 'succeeded a']);
  });

  test('that is cancelled while it waits never starts', () => {
    const log = callLog();
    makeBroker().submit('echo', [1], { key: 'a' }).cancel();
    expect(log).toEqual(['queue a 0', 'cancelled a']);
  });

  test('with several callers is reported once', async () => {
    const log = callLog();
    const broker = makeBroker();
    await Promise.all([1, 1].map((value) => broker.call('echo', [value], { key: 'a' })));
    expect(log).toEqual(['queue a 0', 'start a 0', 'succeeded a']);
  });

  test('that the broker refuses is published with the error that its caller gets', async () => {
    const broker = makeBroker(undefined, { maxQueue: 0 });
    broker.submit('echo', [0]);
    const log = callLog();
    const refused: unknown[] = [];
    listen('dual:broker:call:refuse', ({ method, error }) => refused.push(method, error));
    const error = await caughtError(broker.call('echo', [1]));
    expect(refused).toEqual(['echo', error]);
    expect(log).toEqual([]);
  });

  test("is published as queued in its caller's async context", () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    listen('dual:broker:call:queue', ({ call }) => seen.push(call.key, storage.getStore()));
    const broker = makeBroker();
    for (const who of ['alice', 'bob']) storage.run(who, () => broker.submit('echo', [1], { key: who }));
    expect(seen).toEqual(['alice', 'alice', 'bob', 'bob']);
  });
});

describe('a subscriber', () => {
  test.each(['queue', 'start'] as const)('may cancel the call in the message %s', async (moment) => {
    const broker = await startBroker();
    const log = callLog();
    const signal = new AbortController().signal;
    listen(`dual:broker:call:${moment}`, ({ call }) => call.key === 'unwanted' && call.cancel());
    const error = await caughtError(broker.call('echo', [1], { key: 'unwanted', signal }));
    expect(error).toMatchObject({ code: 'ERR_DUAL_CALL_CANCELLED' });
    expect(await broker.call('echo', [2])).toBe(2);
    expect(log.filter((entry) => entry.startsWith('cancelled'))).toEqual(['cancelled unwanted']);
  });

  test('may submit a call, which runs after the calls that a crash has put back', async () => {
    const broker = await startBroker();
    listen('dual:broker:call:settle', ({ call }) => {
      if (call.method === 'kill') broker.submit('note', ['from the subscriber']);
    });
    const killed = caughtError(broker.call('kill', ['SIGKILL']));
    const notes = ['first', 'second'].map((text) => broker.call('note', [text]));
    await Promise.all([killed, ...notes]);
    expect(await broker.call('seen', [])).toEqual(['first', 'second', 'from the subscriber']);
  });

  test('that throws does not disturb the call, and Node reports an uncaught exception', async () => {
    const { exitCode, stdout } = await runProgram('broker.mjs', ['throwingSubscribers']).ended;
    expect(stdout.trim().split('\n')).toEqual([
      'answer',
      'refused ERR_DUAL_BROKER_CLOSED',
      'call:queue call:refuse call:settle call:start process:exit process:ready process:spawn state',
    ]);
    expect(exitCode).toBe(0);
  });
});

describe('a process', () => {
  test('is spawned, becomes ready and exits', async () => {
    const log: unknown[] = [];
    listen('dual:broker:process:spawn', ({ pid }) => log.push('spawn', pid));
    listen('dual:broker:process:ready', ({ pid }) => log.push('ready', pid));
    listen('dual:broker:process:exit', ({ exit: { pid, signal } }) => log.push('exit', pid, signal));
    const broker = await startBroker();
    const pid = await broker.call('pid', []);
    const gone = exit(broker);
    await caughtError(broker.call('kill', ['SIGKILL']));
    await gone;
    expect(log.slice(0, 7)).toEqual(['spawn', pid, 'ready', pid, 'exit', pid, 'SIGKILL']);
  });

  test('is ready before its first call starts', async () => {
    const log: string[] = [];
    listen('dual:broker:process:ready', () => log.push('ready'));
    listen('dual:broker:call:start', () => log.push('start'));
    await makeBroker().call('echo', [1]);
    expect(log).toEqual(['ready', 'start']);
  });
});

test('the state channel publishes each state with the previous one', async () => {
  const states: unknown[] = [];
  listen('dual:broker:state', ({ state, previous }) => states.push(`${previous} > ${state}`));
  const broker = await startBroker();
  await broker.close();
  expect(states).toEqual(['idle > starting', 'starting > ready', 'ready > draining', 'draining > closed']);
});

test('each message has its broker, with the module of the pipeline', async () => {
  const brokers: unknown[] = [];
  const modules: string[] = [];
  listen('dual:broker:call:settle', ({ broker }) => {
    brokers.push(broker);
    modules.push(broker.module);
  });
  const both = [makeBroker(), makeBroker(fixture('errors.mjs'))];
  for (const broker of both) await caughtError(broker.call('noSuchMethod', []));
  expect(brokers[0]).toBe(both[0]);
  expect(brokers[1]).toBe(both[1]);
  expect(modules).toEqual([fixture('pipeline.mjs').href, fixture('errors.mjs').href]);
});

test('a subscriber may cancel another call of the same batch when a call settles', async () => {
  const broker = await startBroker(fixture('batches.mjs'), {
    batch: { run: { method: 'runBatch', maxDelay: 0 } },
  });
  const path = temporaryPath();
  const blocking = line(broker, 'blocking');
  const busy = broker.call('block', [path]);
  await blocking;
  const late = caughtError(broker.call('run', [{ value: 1 }], { queueTimeout: 50 }));
  const other = broker.submit('run', [{ value: 2 }]);
  listen('dual:broker:call:settle', ({ error }) => {
    if (error instanceof Error && error.name === 'CallTimeoutError') other.cancel();
  });
  writeFileSync(path, '');
  // Block the event loop beyond the queueTimeout of `late`, so that its timer has not run when the batch leaves.
  const end = performance.now() + 200;
  while (performance.now() < end);
  await busy;
  expect(await late).toMatchObject({ name: 'CallTimeoutError' });
  await other.result.catch(() => undefined);
  expect(['cancelled', 'succeeded']).toContain(other.state);
  expect(await broker.call('run', [{ value: 3 }])).toBe(3);
  expect(broker.stats().calls).toMatchObject({ queued: 0, running: 0 });
});
