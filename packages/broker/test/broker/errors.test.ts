import { Broker } from '@dual/broker';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caught, caughtError } from '../support/errors.js';

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.start(fixture('errors.mjs'), {
    output: 'ignore',
    restart: { limit: Infinity, minDelay: 1 },
  });
});
afterAll(async () => {
  await broker.close({ timeout: 0 });
});

const fail = (kind: string, ...args: unknown[]): Promise<unknown> =>
  caught(broker.call('fail', [kind, ...args]));
const failError = (kind: string, ...args: unknown[]): ReturnType<typeof caughtError> =>
  caughtError(broker.call('fail', [kind, ...args]));

test.each(['fail', 'failLater'])(
  'an error of a custom class (%s) arrives with name, message, code, properties and causes',
  async (method) => {
    const error = await caughtError(broker.call(method, ['custom']));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'DiskError', message: 'no disk', code: 'EDISK' });
    expect(error['details']).toEqual({ sectors: [1, 2], at: new Date(0), map: new Map([['a', 1n]]) });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.cause).toMatchObject({ message: 'too far', cause: 'the end' });
    expect(Object.keys(error)).not.toContain('cause');
    expect(Object.keys(error)).not.toContain('stack');
  },
);

test.each(['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'])(
  'a built-in %s arrives as an instance of the same class',
  async (name) => {
    const error = await failError('builtin', name);
    expect(Object.prototype.toString.call(error)).toBe('[object Error]');
    expect(Object.getPrototypeOf(error)).toBe(Reflect.get(Reflect.get(globalThis, name), 'prototype'));
    expect(error).toMatchObject({ name, message: `a ${name}` });
  },
);

test('the stack trace shows the frames of the child, then those of the caller', async () => {
  const error = await failError('custom');
  expect(error.stack).toMatch(/^DiskError: no disk\n/);
  expect(error.stack).toContain('errors.mjs');
  expect(error.stack).toContain('errors.test');
  expect(error.stack?.indexOf('errors.mjs')).toBeLessThan(Number(error.stack?.indexOf('errors.test')));
});

test('an AggregateError keeps its errors, its cause and their classes', async () => {
  const error = await failError('aggregate');
  expect(error).toBeInstanceOf(AggregateError);
  expect(error.cause).toMatchObject({ message: 'why' });
  const errors = error['errors'];
  if (!Array.isArray(errors)) throw new Error('no errors');
  expect(errors[0]).toBeInstanceOf(RangeError);
  expect(errors[1]).toBe('second');
  expect(errors[2]).toMatchObject({ name: 'DiskError', code: 'EDISK' });
  expect(Object.keys(error)).toEqual([]);
});

test('an error that is its own cause and property arrives as the same cycle', async () => {
  const error = await failError('cycle');
  expect(error.cause).toBe(error);
  expect(error['self']).toBe(error);
});

test('two errors that are the cause of each other arrive as the same cycle', async () => {
  const error = await failError('cycleOfTwo');
  expect(error.cause).toMatchObject({ message: 'two' });
  expect(Reflect.get(Object(error.cause), 'cause')).toBe(error);
});

test('a DOMException arrives as a DOMException', async () => {
  const error = await failError('dom');
  expect(error).toMatchObject({ name: 'AbortError', message: 'stop it', code: 20 });
  expect(Object.prototype.toString.call(error)).toBe('[object DOMException]');
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['text', 'text'],
  ['number', 42],
  ['bigint', 10n],
  ['object', { not: 'an error', nested: [1] }],
  ['objectWithFunction', { kept: 1 }],
])('a thrown value that is no error (%s) arrives without its functions', async (kind, thrown) => {
  expect(await fail(kind)).toEqual(thrown);
});

test.each([
  ['symbol', 'Symbol(sign)'],
  ['function', '[Function named]'],
  ['proxy', '[Proxy]'],
  ['hostileProxy', '[Proxy]'],
])('a thrown value that cannot be serialized (%s) arrives as a description', async (kind, text) => {
  expect(await fail(kind)).toBe(text);
});

test.each([
  ['frozen', { name: 'DiskError', message: 'frozen', code: 'EDISK' }],
  ['withFunctions', { message: 'functional', kept: { a: 1 } }],
  ['withGetters', { message: 'getting', good: 'got' }],
  ['getterName', { name: 'NamedByPrototype', message: 'named' }],
  ['throwingName', { message: 'nameless' }],
  ['throwingTag', { message: 'tagged' }],
  ['noPrototype', { message: 'orphan' }],
  ['bytes', { message: 'bytes', image: new Uint8Array([1, 2, 3]) }],
])(
  'an unusual error (%s) arrives as an error, with all properties that can be serialized',
  async (kind, like) => {
    const pid = await broker.call('pid', []);
    const error = await failError(kind);
    expect(error).toMatchObject(like);
    expect(typeof error.stack).toBe('string');
    expect(await broker.call('pid', [])).toBe(pid);
  },
);

test.each(['objectWithThrowingTag', 'hostilePrototype', 'oddTypes', 'protoProperty'])(
  'a hostile thrown value (%s) neither ends the process nor suppresses the answer',
  async (kind) => {
    const pid = await broker.call('pid', []);
    await fail(kind);
    expect(await broker.call('pid', [])).toBe(pid);
  },
);

test('an error message of 8 MiB arrives completely', async () => {
  const error = await failError('huge', 8 * 1024 * 1024);
  expect(error.message).toHaveLength(8 * 1024 * 1024);
});

test('an error larger than maxMessageBytes rejects its call, and the process goes on', async () => {
  const small = await startBroker(fixture('errors.mjs'), { maxMessageBytes: 100_000 });
  const pid = await small.call('pid', []);
  const error = await caughtError(small.call('fail', ['huge', 200_000]));
  expect(error.message).toContain('maxMessageBytes');
  expect(await small.call('pid', [])).toBe(pid);
});

test.each([100, 900, 5_000])('a chain of %d causes arrives, and the process goes on', async (depth) => {
  const pid = await broker.call('pid', []);
  const error = await failError('deepCauses', depth);
  expect(error.message).toBe(String(depth - 1));
  expect(error.cause).toMatchObject({ message: String(depth - 2) });
  expect(await broker.call('pid', [])).toBe(pid);
});
