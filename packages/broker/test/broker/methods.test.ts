import { expect, test } from '@jest/globals';

import { fixture, makeBroker, type Methods, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

const UNKNOWN = { name: 'UnknownMethodError', code: 'ERR_DUAL_UNKNOWN_METHOD', started: false };

test('own, inherited and arrow methods are callable, with the right `this`', async () => {
  const broker = await startBroker(fixture('methods.mjs'));
  expect(await broker.call('plain', [])).toBe('plain of it');
  expect(await broker.call('inherited', [])).toBe('inherited of it');
  expect(await broker.call('own', [])).toBe('own of it');
  expect(await broker.call('usesPrivate', [])).toBe('secret');
});

test.each([
  'then',
  'constructor',
  '_internal',
  '__dunder',
  '__proto__',
  '#private',
  'value',
  'name',
  'computed',
  'make',
  'nothing',
  '',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'isPrototypeOf',
])('a call of %j rejects with an UnknownMethodError that lists the callable methods', async (method) => {
  const broker = await startBroker(fixture('methods.mjs'));
  const error = await caughtError(broker.call(method, []));
  expect(error).toMatchObject({ ...UNKNOWN, method });
  expect(error.message).toContain('plain, ');
  expect(error.message).not.toMatch(/there are:.*(_internal|constructor|then|value|computed)/);
  expect(await broker.call('howOften', [])).toBe(0);
});

test.each(['inherited', 'own'])(
  'a call runs the new function after the pipeline has replaced its method (%s)',
  async (method) => {
    const broker = await startBroker(fixture('methods.mjs'));
    await broker.call(method, []);
    await broker.call('replace', [method, 'function']);
    expect(await broker.call(method, [])).toBe('replaced');
  },
);

test.each(['value', 'getter'])(
  'a method that the pipeline replaces by a %s is no longer callable',
  async (what) => {
    const broker = await startBroker(fixture('methods.mjs'));
    await broker.call('plain', []);
    await broker.call('replace', ['plain', what]);
    expect(await caughtError(broker.call('plain', []))).toMatchObject({ ...UNKNOWN, method: 'plain' });
    expect(await broker.call('inherited', [])).toBe('inherited of it');
  },
);

test('a symbol as the method name is rejected in the parent', async () => {
  const broker = makeBroker(fixture('methods.mjs'));
  const call = (method: never): Promise<unknown> => broker.call(method, []);
  expect(await caughtError(call(Symbol.for('symbol') as never))).toMatchObject({ option: 'method' });
});

test('arguments that are no array are rejected in the parent', async () => {
  const broker = makeBroker();
  const call = (args: never): Promise<unknown> => broker.call('echo', args);
  for (const args of ['text', { 0: 1 }, undefined])
    expect(await caughtError(call(args as never))).toMatchObject({ option: 'args' });
});

test('expose limits the callable methods to the named ones', async () => {
  const broker = await startBroker(fixture('methods.mjs'), { expose: ['plain'] });
  expect(await broker.call('plain', [])).toBe('plain of it');
  expect((await caughtError(broker.call('own', []))).message).toContain('there are: plain');
});

test.each(['nothing', '_internal', 'then', 'value'])(
  'the start fails if expose names %j, which is no public method',
  async (name) => {
    const broker = makeBroker(fixture('methods.mjs'), { expose: ['plain', name] });
    const error = await caughtError(broker.start());
    expect(error).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
    expect(error.message).toContain(JSON.stringify(name));
  },
);

test('the proxy is no thenable, and its properties cannot be set', async () => {
  const broker = await startBroker(fixture('methods.mjs'));
  const pipeline: Methods = broker.pipeline;
  expect(await Promise.resolve(pipeline)).toBe(pipeline);
  for (const name of ['then', 'constructor', 'toJSON', 'valueOf', Symbol.iterator])
    expect(Reflect.get(pipeline, name)).toBeUndefined();
  const toString: unknown = Reflect.get(pipeline, 'toString');
  expect(typeof toString === 'function' && Reflect.apply(toString, pipeline, [])).toBe('[remote pipeline]');
  expect(Reflect.set(pipeline, 'plain', 1)).toBe(false);
  expect(await pipeline['plain']?.()).toBe('plain of it');
  expect(pipeline['plain']).toBe(pipeline['plain']);
});

test('call() can call a method that the proxy hides, such as toJSON', async () => {
  const broker = await startBroker(fixture('methods.mjs'));
  expect(await broker.call('toJSON', [])).toBe('json');
  expect(await broker.call('toString', [])).toBe('text');
});
