import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

const make = (options: unknown): (() => unknown) => {
  const Any = Broker as unknown as new (module: URL, options: unknown) => Broker; // accepts invalid options
  return () => new Any(fixture('pipeline.mjs'), options);
};

/** `a.b.c` and 5 give `{ a: { b: { c: 5 } } }`. A batch also gets its required method. */
function optionsWith(name: string, value: unknown): unknown {
  const [outer = '', ...inner] = name.split('.');
  if (inner.length === 0) return { [outer]: value };
  const given = optionsWith(inner.join('.'), value);
  return { [outer]: outer === 'run' ? { method: 'runBatch', ...(given as object) } : given };
}

const WHOLE = 'a whole number from 0, or Infinity';
const MS = 'milliseconds from 0, or Infinity';
const MORE_MS = 'milliseconds above 0, or Infinity';

test.each<[string, unknown, string]>([
  ...['maxQueue', 'maxQueueBytes', 'maxMessageBytes', 'restart.limit', 'keep.results', 'keep.bytes'].flatMap(
    (name): [string, unknown, string][] => [-1, 1.5, NaN, '5', null, 5n].map((value) => [name, value, WHOLE]),
  ),
  ...['startTimeout', 'timeout'].flatMap((name): [string, unknown, string][] =>
    [0, -1, NaN, '1s', null].map((value) => [name, value, MORE_MS]),
  ),
  ...[0, -1, 1.5, NaN, Infinity, 1025, '2', null].map((value): [string, unknown, string] => [
    'processes',
    value,
    'a whole number from 1 to 1024',
  ]),
  ...['concurrency', 'recycle.afterCalls', 'recycle.aboveMemory', 'recycle.afterMs'].flatMap(
    (name): [string, unknown, string][] =>
      [0, -1, 0.5, NaN, '2'].map((value) => [name, value, 'a whole number from 1, or Infinity']),
  ),
  ...[
    'queueTimeout',
    'restart.within',
    'restart.minDelay',
    'restart.maxDelay',
    'killDelay.timeout',
    'killDelay.cancel',
    'keep.forMs',
  ].flatMap((name): [string, unknown, string][] => [-1, NaN, '1s', null].map((value) => [name, value, MS])),
  ...[undefined, 5, '', 'run'].map((value): [string, unknown, string] => [
    'batch.run.method',
    value,
    'the name of another method',
  ]),
  ...[0, -1, 1.5, Infinity, '8'].map((value): [string, unknown, string] => [
    'batch.run.maxSize',
    value,
    'a whole number from 1 to 65536',
  ]),
  ...[-1, NaN, 'soon', '5'].map((value): [string, unknown, string] => [
    'batch.run.maxDelay',
    value,
    "milliseconds from 0, Infinity or 'auto'",
  ]),
  ['args', 'weights', 'an array'],
  ['args', { 0: 1 }, 'an array'],
  ['export', '', 'the name of an export'],
  ['export', 7, 'the name of an export'],
  ['expose', 'predict', 'an array of method names'],
  ['expose', [1], 'an array of method names'],
  ['execArgv', '--flag', 'an array of strings'],
  ['cwd', '', 'a directory'],
  ['output', 'pipe', "'inherit', 'ignore' or a function"],
  ['workerPath', 3, 'a path or a file URL'],
  ...['yes', 1, null, () => true].map((value): [string, unknown, string] => [
    'sharedMemory',
    value,
    'true, false or an object of size and threshold',
  ]),
  ...[0, 1024 * 1024 - 1, 2 ** 32 + 1, 2 ** 21 + 0.5, Infinity, '2 MiB'].map(
    (value): [string, unknown, string] => [
      'sharedMemory.size',
      value,
      'a whole number of bytes from 1048576 to 4294967296',
    ],
  ),
  ...[0, 16_383, 2 ** 24 + 1, NaN, '64 KiB'].map((value): [string, unknown, string] => [
    'sharedMemory.threshold',
    value,
    'a whole number of bytes from 16384 to 16777216',
  ]),
])('the option %s rejects %p, and the error says what it accepts', async (name, value, accepted) => {
  const error = await caughtError(make(optionsWith(name, value)));
  expect(error).toMatchObject({ name: 'InvalidOptionError', code: 'ERR_DUAL_INVALID_OPTION', option: name });
  expect(error.message).toContain(`${name} must be ${accepted}`);
});

test.each([
  { env: 'A=1' },
  { env: { A: 1 } },
  { env: null },
  { env: () => 'A=1' },
  { env: () => ({ A: 1 }) },
])('the option env rejects %p', async (options) => {
  expect(await caughtError(make(options))).toMatchObject({ option: 'env' });
});

test.each([
  'maxqueue',
  'timeOut',
  'restart.limits',
  'killDelay.cancelled',
  'keep.result',
  'sharedMemory.bytes',
  'batch.run.maxsize',
  'hasOwnProperty',
])('an unknown option (%s) is rejected, and the error lists the known ones', async (name) => {
  const error = await caughtError(make(optionsWith(name, 1)));
  expect(error).toMatchObject({ option: name });
  expect(error.message).toMatch(/unknown option .*; there are: /);
});

test.each([5, 'options', [], null])('the constructor rejects %p as options', async (options) => {
  expect(await caughtError(make(options))).toMatchObject({ code: 'ERR_DUAL_INVALID_OPTION' });
});

test.each([{ restart: 5 }, { restart: null }, { killDelay: 2_000 }, { keep: [] }])(
  'a group of options rejects a value of the wrong type (%p)',
  async (options) => {
    expect(await caughtError(make(options))).toMatchObject({ option: Object.keys(options)[0] });
  },
);

test.each<[string, unknown, string]>([
  ['key', '', 'a non-empty string'],
  ['key', 7, 'a non-empty string'],
  ['signal', {}, 'an AbortSignal'],
  ['signal', new AbortController(), 'an AbortSignal'],
  ['timeout', -1, MORE_MS],
  ['timeout', 0, MORE_MS],
  ['queueTimeout', '1s', MS],
  ['priority', 'high', 'a finite number'],
  ['priority', Infinity, 'a finite number'],
  ['priority', NaN, 'a finite number'],
  ['retries', -1, WHOLE],
  ['retries', 1.5, WHOLE],
])("a call's option %s rejects %p, and the error says what it accepts", async (name, value, accepted) => {
  const broker = makeBroker();
  const options: Readonly<Record<string, unknown>> = { [name]: value };
  const call = broker.call('echo', [1], options);
  const error = await caughtError(call);
  expect(error).toMatchObject({ code: 'ERR_DUAL_INVALID_OPTION', option: name });
  expect(error.message).toContain(`${name} must be ${accepted}`);
  expect(await caughtError(() => broker.submit('echo', [1], options))).toMatchObject({ option: name });
});

test('an unknown option of a call is rejected', async () => {
  const options: object = { timeOut: 1 };
  expect(await caughtError(makeBroker().call('echo', [1], options))).toMatchObject({ option: 'timeOut' });
});

test('close() rejects an invalid timeout, and closes nothing', async () => {
  const broker = makeBroker();
  expect(await caughtError(broker.close({ timeout: -1 }))).toMatchObject({ option: 'timeout' });
  expect(broker.state).toBe('idle');
});

test('the largest and the smallest valid values are accepted', async () => {
  const broker = makeBroker(undefined, {
    timeout: Infinity,
    queueTimeout: 2 ** 40,
    startTimeout: Infinity,
    maxQueue: Infinity,
    restart: { limit: 0, within: 0 },
    killDelay: { timeout: Infinity, cancel: 0 },
    keep: { results: 0, bytes: 0, forMs: 0 },
    sharedMemory: { size: 2 ** 32, threshold: 2 ** 24 },
  });
  expect(await broker.call('echo', [1], { timeout: 2 ** 33, priority: -1.5 })).toBe(1);
});
