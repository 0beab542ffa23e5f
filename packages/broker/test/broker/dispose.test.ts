import { existsSync, readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

test.each([
  ['asyncDispose', 'async dispose'],
  ['dispose', 'dispose'],
  ['close', 'close'],
  ['all', 'async dispose'],
])('close() lets the pipeline clean up (%s)', async (kind, trace) => {
  const path = temporaryPath();
  const broker = await startBroker(fixture('disposable.mjs'), { args: [kind, path] });
  const exited = exit(broker);
  await broker.close();
  expect(readFileSync(path, 'utf8')).toBe(trace);
  expect(await exited).toMatchObject({ exitCode: 0 });
});

test('the pipeline cleans up after its last call', async () => {
  const path = temporaryPath();
  const broker = await startBroker(fixture('disposable.mjs'), { args: ['asyncDispose', path] });
  const calls = [broker.call('work', []), broker.call('work', [])];
  await broker.close();
  expect(await Promise.all(calls)).toEqual([false, false]);
  expect(existsSync(path)).toBe(true);
});

test('an error thrown during clean-up goes to stderr, and close() resolves', async () => {
  const broker = await startBroker(fixture('disposable.mjs'), { args: ['throw', temporaryPath()] });
  const exited = exit(broker);
  await broker.close();
  expect(await exited).toMatchObject({ exitCode: 1, reason: 'requested' });
  expect((await exited).stderr).toContain('cannot clean up');
});

test('the timeout of close() limits a clean-up that hangs', async () => {
  const broker = await startBroker(fixture('disposable.mjs'), { args: ['hang', temporaryPath()] });
  await broker.close({ timeout: 50 });
  expect(broker.state).toBe('closed');
});

test('killDelay.cancel limits a clean-up that hangs', async () => {
  const broker = await startBroker(fixture('disposable.mjs'), {
    args: ['hang', temporaryPath()],
    killDelay: { cancel: 50 },
  });
  await broker.close();
  expect(broker.state).toBe('closed');
});

test('callers cannot call the clean-up method', async () => {
  const broker = await startBroker(fixture('disposable.mjs'), { args: ['asyncDispose', temporaryPath()] });
  expect(await caughtError(broker.call('Symbol(Symbol.asyncDispose)', []))).toMatchObject({
    code: 'ERR_DUAL_UNKNOWN_METHOD',
  });
});
