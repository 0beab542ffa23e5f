import { existsSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

test('a call cancelled while queued rejects with CallCancelledError, and is never sent', async () => {
  const broker = await startBroker();
  const [gate, trace] = [temporaryPath(), temporaryPath()];
  const running = broker.call('gate', [gate]);
  const call = broker.submit('mark', [trace, 'ran']);
  expect(call.cancel('not wanted')).toBe(true);
  expect(call.state).toBe('cancelled');
  expect(await caughtError(call.result)).toMatchObject({
    name: 'CallCancelledError',
    code: 'ERR_DUAL_CALL_CANCELLED',
    key: call.key,
    method: 'mark',
    started: false,
    cause: 'not wanted',
  });
  writeFileSync(gate, '');
  await running;
  await broker.call('echo', [1]);
  expect(existsSync(trace)).toBe(false);
});

test('a call cancelled while running rejects at once, and its process goes on with later calls', async () => {
  const broker = await startBroker();
  const pid = await broker.call('pid', []);
  const path = temporaryPath();
  const atGate = line(broker, 'at the gate');
  const call = broker.submit('gate', [path]);
  const behind = broker.call('pid', []);
  await atGate;
  call.cancel();
  expect(await caughtError(call.result)).toMatchObject({ name: 'CallCancelledError', started: true });
  expect(call.state).toBe('cancelled');
  writeFileSync(path, '');
  expect(await behind).toBe(pid);
});

test("cancelling a running call fires the call's signal in the pipeline", async () => {
  const broker = await startBroker();
  const [heeding, heard] = [line(broker, 'heeding'), line(broker, 'heard')];
  const call = broker.submit('heedful', []);
  await heeding;
  call.cancel();
  await heard;
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('a cancelled call that outlives killDelay.cancel is killed, and later calls run', async () => {
  const broker = await startBroker(undefined, { killDelay: { cancel: 20 } });
  const spinning = line(broker, 'spinning');
  const call = broker.submit('spin', []);
  const behind = broker.call('echo', ['next']);
  await spinning;
  const exited = exit(broker);
  call.cancel();
  await caughtError(call.result);
  expect(await exited).toMatchObject({ reason: 'overdue' });
  expect(await behind).toBe('next');
});

test('killDelay.cancel of Infinity never kills the process', async () => {
  const broker = await startBroker(undefined, { killDelay: { cancel: Infinity } });
  const pid = await broker.call('pid', []);
  const path = temporaryPath();
  const call = broker.submit('gate', [path]);
  call.cancel();
  await caughtError(call.result);
  writeFileSync(path, '');
  expect(await broker.call('pid', [])).toBe(pid);
});

test('an aborted signal rejects the call with an AbortError, whose cause is the reason', async () => {
  const broker = await startBroker();
  const controller = new AbortController();
  const hanging = line(broker, 'heeding');
  const result = caughtError(broker.call('heedful', [], { signal: controller.signal }));
  await hanging;
  const reason = new Error('client went away');
  controller.abort(reason);
  const error = await result;
  expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_DUAL_CALL_CANCELLED', started: true });
  expect(error.cause).toBe(reason);
  expect(error.stack).toContain('cancel.test');
});

test('a call never starts if its signal is already aborted', async () => {
  const broker = await startBroker();
  const trace = temporaryPath();
  const error = await caughtError(broker.call('mark', [trace, 'ran'], { signal: AbortSignal.abort('why') }));
  expect(error).toMatchObject({ name: 'AbortError', started: false, cause: 'why' });
  expect(
    await caughtError(() => broker.submit('mark', [trace, 'ran'], { signal: AbortSignal.abort(), key: 'k' })),
  ).toMatchObject({ name: 'AbortError', key: 'k', started: false });
  expect(broker.get('k')).toBeUndefined();
  await broker.call('echo', [1]);
  expect(existsSync(trace)).toBe(false);
});

test('aborting the signal after the result has no effect', async () => {
  const broker = await startBroker();
  const controller = new AbortController();
  const call = broker.submit('echo', [1], { signal: controller.signal });
  await call.result;
  controller.abort();
  expect(call.state).toBe('succeeded');
  expect(call.cancel()).toBe(false);
  expect(await call.result).toBe(1);
});

test('AbortSignal.timeout() cancels a call like any other signal', async () => {
  const broker = await startBroker();
  const error = await caughtError(broker.call('heedful', [], { signal: AbortSignal.timeout(20) }));
  expect(error.name).toBe('AbortError');
  expect(error.cause).toMatchObject({ name: 'TimeoutError' });
});

test('cancelling in a race with the result gives exactly one outcome, and never affects the next call', async () => {
  const broker = await startBroker();
  for (let round = 0; round < 500; round += 1) {
    const controller = new AbortController();
    const racing = broker
      .call('echo', [round], { signal: controller.signal })
      .catch((error: unknown) => (error instanceof Error ? error.name : 'not an error'));
    const next = broker.call('echo', [`next ${round}`]);
    if (round % 3 === 0)
      setImmediate(() => {
        controller.abort();
      });
    else if (round % 3 === 1)
      setTimeout(() => {
        controller.abort();
      }, round % 4);
    else
      queueMicrotask(() => {
        controller.abort();
      });
    expect([round, 'AbortError']).toContain(await racing);
    expect(await next).toBe(`next ${round}`);
  }
});

test('the key of a cancelled call starts a new call', async () => {
  const broker = makeBroker();
  const first = broker.submit('note', [1], { key: 'k' });
  first.cancel();
  const second = broker.submit('note', [1], { key: 'k' });
  expect(second).not.toBe(first);
  expect(await second.result).toBe(1);
});
