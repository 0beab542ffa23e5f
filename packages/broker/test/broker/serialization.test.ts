import { writeFileSync } from 'node:fs';

import type { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryPath } from '../support/temporary.js';

const REFUSED = { name: 'SerializationError', code: 'ERR_DUAL_SERIALIZATION' };

test.each<[string, unknown, string]>([
  ['a function', { model: () => 1 }, 'args[0].model'],
  ['a symbol in an array', [1, [Symbol('x')]], 'args[0][1][0]'],
  ['a promise', Promise.resolve(1), 'args[0]'],
  ['a Proxy', { deep: new Proxy({}, {}) }, 'args[0].deep'],
  ['a WeakMap', new WeakMap(), 'args[0]'],
  ['a function in a Map', new Map([['key', () => 1]]), 'args[0].get("key")'],
  ['a function under an odd name', { 'a b': () => 1 }, 'args[0]["a b"]'],
])('an argument that cannot be serialized (%s) rejects with its path', async (_, value, path) => {
  const broker = await startBroker();
  const pid = await broker.call('pid', []);
  const error = await caughtError(broker.call('echo', [value]));
  expect(error).toMatchObject({ ...REFUSED, path });
  expect(error.message).toContain(path);
  expect(error.stack).toContain('serialization.test');
  expect(await caughtError(() => broker.submit('echo', [value]))).toMatchObject({ ...REFUSED, path });
  expect(await broker.call('pid', [])).toBe(pid);
});

test('an argument with a getter that throws rejects with the path of the getter', async () => {
  const broker = makeBroker();
  const value = {
    get bad(): number {
      throw new Error('no');
    },
  };
  expect(await caughtError(broker.call('echo', [value]))).toMatchObject({ ...REFUSED, path: 'args[0].bad' });
});

test.each([
  ['function', 'result'],
  ['nested', 'result.layers[1].activation'],
  ['getter', 'result.bad'],
  ['promiseInside', 'result.later'],
])(
  'a result that cannot be serialized (%s) rejects with its path, and the child goes on',
  async (kind, path) => {
    const broker = await startBroker(fixture('results.mjs'));
    const pid = await broker.call('pid', []);
    const error = await caughtError(broker.call('make', [kind]));
    expect(error).toMatchObject({ ...REFUSED, path, method: 'make', pid });
    expect(error.message).toContain(path);
    expect(await broker.call('pid', [])).toBe(pid);
  },
);

test('the constructor throws at once if args cannot be serialized', () => {
  expect(() => makeBroker(undefined, { args: [{ model: () => 1 }] })).toThrow(
    expect.objectContaining({ ...REFUSED, path: expect.stringContaining('args[0].model') }),
  );
});

test('arguments and results larger than maxMessageBytes reject, and the child goes on', async () => {
  const broker = await startBroker(undefined, { maxMessageBytes: 10_000 });
  const pid = await broker.call('pid', []);
  expect(await caughtError(broker.call('echo', [new Uint8Array(20_000)]))).toMatchObject({
    ...REFUSED,
    path: 'args',
  });
  expect(await caughtError(broker.call('bytes', [20_000]))).toMatchObject({ ...REFUSED, path: 'result' });
  expect(await broker.call('pid', [])).toBe(pid);
});

test('a call rejects if its caller transfers its array while the call waits, and other calls go on', async () => {
  const broker = await startBroker();
  const pid = await broker.call('pid', []);
  const path = temporaryPath();
  const running = broker.call('softGate', [path, 'undisturbed']);
  const arrays = [100, 1_000_000].map((length) => new Uint8Array(length));
  const spoilt = arrays.map((array) => caughtError(broker.call('count', [array])));
  const behind = broker.call('echo', ['next']);
  for (const array of arrays) structuredClone(array, { transfer: [array.buffer] });
  writeFileSync(path, '');
  for (const error of await Promise.all(spoilt)) {
    expect(error).toMatchObject({ ...REFUSED, path: 'args', method: 'count', started: false });
    expect(error.message).toContain('transferred');
  }
  expect(await Promise.all([running, behind])).toEqual(['undisturbed', 'next']);
  expect(await broker.call('pid', [])).toBe(pid);
});

describe.each([
  ['through the pipes', false],
  ['through shared memory', true],
])('%s', (_, sharedMemory) => {
  const start = async (): Promise<Broker> => {
    const broker = await startBroker(undefined, { sharedMemory });
    // The child maps the memory after the start, but before its first answer.
    await broker.call('pid', []);
    return broker;
  };

  test('an array of 64 MiB crosses both ways intact', async () => {
    const broker = await start();
    const length = 16 * 1024 * 1024;
    const array = new Float32Array(length).map((_, i) => i % 1009);
    const back = await broker.call('echo', [array]);
    if (!(back instanceof Float32Array)) throw new TypeError('it is no Float32Array');
    expect(back).toHaveLength(length);
    expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(array.buffer))).toBe(0);
  });

  test('3,000 buffers cross in one call, including empty ones', async () => {
    const broker = await start();
    const buffers = Array.from({ length: 3_000 }, (_, i) => new Uint8Array(i % 7).fill(i));
    expect(await broker.call('echo', [buffers])).toEqual(buffers);
  });

  test.each([
    ['Uint8Array', new Uint8Array(0)],
    ['Float64Array', new Float64Array(0)],
    ['Buffer', Buffer.alloc(0)],
    ['ArrayBuffer', new ArrayBuffer(0)],
    ['DataView', new DataView(new ArrayBuffer(0))],
  ])('an empty %s crosses', async (name, value) => {
    const broker = await start();
    const back = await broker.call('echo', [value]);
    const tag = Object.prototype.toString.call(back).slice('[object '.length, -1);
    expect(Buffer.isBuffer(back) ? 'Buffer' : tag).toBe(name);
    expect(back).toHaveProperty('byteLength', 0);
  });

  test('only the visible part of a larger buffer crosses', async () => {
    const broker = await start();
    const whole = new Uint8Array(1_000_000).fill(1);
    const back = await broker.call('echo', [whole.subarray(10, 13)]);
    if (!(back instanceof Uint8Array)) throw new TypeError('it is no Uint8Array');
    expect([...back]).toEqual([1, 1, 1]);
    expect(back.buffer.byteLength).toBeLessThan(1_000);
  });

  test('a result larger than the socket buffer arrives before the next call blocks the child', async () => {
    const broker = await start();
    for (let i = 0; i < 100; i += 1) await broker.call('echo', [i]);
    const big = broker.call('bytes', [32 * 1024 * 1024]);
    const blocked = broker.submit('spin', []);
    expect(await big).toHaveLength(32 * 1024 * 1024);
    expect(blocked.finishedAt).toBeUndefined();
  });

  test('a caller that transfers its array after the call affects only its own call', async () => {
    const broker = await start();
    const array = new Uint8Array(8 * 1024 * 1024);
    const spoilt = broker.call('count', [array]).catch(() => 'refused');
    structuredClone(array, { transfer: [array.buffer] });
    await spoilt;
    expect(await broker.call('echo', ['next'])).toBe('next');
  });
});

test('a getter of an argument, or of the options, runs once for each call', async () => {
  const broker = await startBroker();
  const besides: Readonly<Record<string, unknown>>[] = [
    {},
    { map: new Map([[1, 2]]) },
    { list: Array.from({ length: 40 }, (_, i) => i) },
    { map: new Map([[1, { get nested() { return 3; } }]]) },
    ((same) => ({ a: same, b: same }))({ x: 1 }),
  ]; // prettier-ignore
  for (const beside of besides) {
    const reads = { argument: 0, key: 0, signal: 0 };
    const argument = {
      get token() {
        return (reads.argument += 1);
      },
      ...beside,
    };
    const options = {
      get key() {
        return `key ${(reads.key += 1)}`;
      },
      get signal() {
        reads.signal += 1;
        return undefined;
      },
    };
    expect(await broker.call('echo', [argument], options)).toEqual({ token: 1, ...beside });
    expect(reads).toEqual({ argument: 1, key: 1, signal: 1 });
  }
});

test('arrays with holes and names, resizable buffers and half floats arrive as they are', async () => {
  const broker = await startBroker();
  const holes = Object.assign([1, 2, 3], { extra: 'kept' });
  // eslint-disable-next-line @typescript-eslint/no-array-delete -- a hole is what is tested
  delete holes[1];
  const back = (await broker.call('echo', [holes])) as typeof holes;
  expect(Object.entries(back)).toEqual([
    ['0', 1],
    ['2', 3],
    ['extra', 'kept'],
  ]);
  const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer; // newer than the types
  const resizable = new Resizable(8, { maxByteLength: 16 });
  new Uint8Array(resizable).fill(7);
  expect(await broker.call('echo', [[resizable]])).toMatchObject([
    { resizable: true, maxByteLength: 16, byteLength: 8 },
  ]);
  const Float16: unknown = Reflect.get(globalThis, 'Float16Array');
  if (typeof Float16 !== 'function') return; // before Node 24
  const half: unknown = Reflect.construct(Float16, [[1, 0.5]]);
  expect(await broker.call('echo', [half])).toEqual(half);
});
