import { writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { expect, test } from '@jest/globals';

import { makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryPath } from '../support/temporary.js';

test('get() finds a call by its key while it is queued, running and finished', async () => {
  const broker = makeBroker();
  const path = temporaryPath();
  const call = broker.submit('gate', [path, 'done'], { key: 'img-42' });
  expect(call).toMatchObject({ key: 'img-42', method: 'gate', state: 'queued' });
  expect(broker.get('img-42')).toBe(call);
  expect(call.startedAt).toBeUndefined();
  await broker.start();
  expect(call.state).toBe('running');
  expect(broker.get('img-42')).toBe(call);
  writeFileSync(path, '');
  expect(await call.result).toBe('done');
  expect(broker.get('img-42')).toBe(call);
  expect(call.state).toBe('succeeded');
  const [queued, started, finished] = [call.queuedAt, call.startedAt, call.finishedAt].map(Number);
  expect(queued).toBeLessThanOrEqual(Number(started));
  expect(started).toBeLessThanOrEqual(Number(finished));
});

test('get() finds a call by the key that the broker gave it', async () => {
  const broker = await startBroker();
  const call = broker.submit('echo', [1]);
  expect(call.key).toMatch(/^[0-9a-f-]{36}$/);
  await call.result;
  expect(broker.get(call.key)).toBe(call);
});

test('JSON and inspect() show the key and the state of a call, but nothing of other calls', async () => {
  const broker = makeBroker();
  const [call, next] = [broker.submit('echo', [1]), broker.submit('echo', [2])];
  const { key, queuedAt } = call;
  const queued = { key, method: 'echo', state: 'queued', position: 0, queuedAt: queuedAt.toISOString() };
  expect(JSON.parse(JSON.stringify([call, next]))).toMatchObject([queued, { key: next.key }]);
  expect(JSON.parse(JSON.stringify(call))).toEqual(queued);
  expect(inspect(call)).toContain(`key: '${key}'`);
  expect(inspect(call)).not.toContain(next.key);
  await call.result;
  expect(inspect(call)).toContain("state: 'succeeded'");
});

test('get() returns undefined for an unknown key, even if it is a property of Object.prototype', () => {
  const broker = makeBroker();
  for (const key of ['img', '', '__proto__', 'constructor']) expect(broker.get(key)).toBeUndefined();
});

test('calls with a key in flight join its call, which runs once', async () => {
  const broker = makeBroker();
  const first = broker.submit('note', [new Float32Array([1, 2])], { key: 'k' });
  const second = broker.submit('note', [new Float32Array([1, 2])], { key: 'k' });
  const third = broker.call('note', [new Float32Array([1, 2])], { key: 'k' });
  expect(second).toBe(first);
  await Promise.all([first.result, third]);
  expect(await broker.call('seen', [])).toHaveLength(1);
});

test('the key of a finished call starts a new call', async () => {
  const broker = await startBroker();
  const first = broker.submit('note', [1], { key: 'k' });
  await first.result;
  const second = broker.submit('note', [1], { key: 'k' });
  expect(second).not.toBe(first);
  expect(broker.get('k')).toBe(second);
  await second.result;
  expect(await broker.call('seen', [])).toEqual([1, 1]);
});

test.each([
  ['other arguments', 'note', [2]],
  ['another method', 'echo', [1]],
  ['other bytes in a buffer', 'note', [new Uint8Array([1])]],
])(
  'a key in flight with %s rejects with DuplicateKeyError, and the first call goes on',
  async (_, method, args) => {
    const broker = makeBroker();
    const first = broker.submit('note', [1], { key: 'k' });
    const error = await caughtError(() => broker.submit(method, args, { key: 'k' }));
    expect(error).toMatchObject({
      name: 'DuplicateKeyError',
      code: 'ERR_DUAL_DUPLICATE_KEY',
      key: 'k',
      method,
    });
    expect(await caughtError(broker.call(method, args, { key: 'k' }))).toMatchObject({
      code: 'ERR_DUAL_DUPLICATE_KEY',
    });
    expect(await first.result).toBe(1);
  },
);

test('a joined caller that aborts its own signal leaves, and the other gets the result', async () => {
  const broker = makeBroker();
  const leaving = new AbortController();
  const staying = new AbortController();
  const left = caughtError(broker.call('note', [1], { key: 'k', signal: leaving.signal }));
  const stayed = broker.call('note', [1], { key: 'k', signal: staying.signal });
  leaving.abort(new Error('gone home'));
  const error = await left;
  expect(error).toMatchObject({ name: 'AbortError', code: 'ERR_DUAL_CALL_CANCELLED', key: 'k' });
  expect(error.cause).toMatchObject({ message: 'gone home' });
  expect(broker.get('k')?.state).toBe('queued');
  expect(await stayed).toBe(1);
});

test('a call is cancelled and never runs once all joined callers have left', async () => {
  const broker = makeBroker();
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const calls = controllers.map(({ signal }) => caughtError(broker.call('note', [1], { key: 'k', signal })));
  for (const controller of controllers) controller.abort();
  for (const error of await Promise.all(calls)) expect(error.name).toBe('AbortError');
  expect(await broker.call('seen', [])).toEqual([]);
});

test('a caller with an aborted signal does not join, and does not disturb other callers', async () => {
  const broker = makeBroker();
  const first = broker.call('note', [1], { key: 'k' });
  const error = await caughtError(broker.call('note', [1], { key: 'k', signal: AbortSignal.abort() }));
  expect(error.name).toBe('AbortError');
  expect(await first).toBe(1);
});
