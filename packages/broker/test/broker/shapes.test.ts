import { runInNewContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, type Methods, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryModule } from '../support/temporary.js';

const UNKNOWN = { name: 'UnknownMethodError', code: 'ERR_DUAL_UNKNOWN_METHOD' };

describe('a pipeline may be', () => {
  test('behind a Proxy, which is asked once for each call', async () => {
    const module = temporaryModule(`
      const asked = [];
      class Model { #weight = 3; times(x) { return this.#weight * x; } asked() { return asked.splice(0); } }
      export default () => new Proxy(new Model(), {
        get(target, name) {
          asked.push(name);
          const value = Reflect.get(target, name, target);
          if (name === 'virtual') return () => 'made by the Proxy';
          return typeof value === 'function' ? (...args) => value.apply(target, args) : value;
        },
      });`);
    const broker = await startBroker(module);
    await broker.call('asked', []);
    expect(await broker.call('times', [2])).toBe(6);
    expect(await broker.call('asked', [])).toEqual(['times', 'asked']);
    expect(await broker.call('virtual', [])).toBe('made by the Proxy');
    const { virtual } = broker.pipeline as Methods;
    expect(await virtual?.()).toBe('made by the Proxy');
    for (const name of ['toString', 'hasOwnProperty', 'constructor'])
      expect(await caughtError(broker.call(name, []))).toMatchObject(UNKNOWN);
  });

  test('the exports of a compiled CommonJS module, which are getters', async () => {
    const module = temporaryModule(`
      const exported = {};
      for (const [name, value] of Object.entries({ add: (a, b) => a + b, version: '1' }))
        Object.defineProperty(exported, name, { get: () => value, enumerable: true });
      export default () => exported;`);
    const broker = await startBroker(module);
    expect(await broker.call('add', [1, 2])).toBe(3);
    const { add } = broker.pipeline as Methods;
    expect(await add?.(3, 4)).toBe(7);
    const error = await caughtError(broker.call('version', []));
    expect(error).toMatchObject(UNKNOWN);
    expect(error.message).toContain('there are: add');
  });

  test('a function with methods', async () => {
    const module = temporaryModule(`
      export default () => Object.assign(() => 'called itself', { run: (x) => x * 2 });`);
    const broker = await startBroker(module);
    expect(await broker.call('run', [4])).toBe(8);
    for (const name of ['call', 'bind', 'apply', 'toString', 'name'])
      expect(await caughtError(broker.call(name, []))).toMatchObject(UNKNOWN);
  });

  test('of another realm', async () => {
    const module = temporaryModule(`
      import { runInNewContext } from 'node:vm';
      export default () => runInNewContext(\`({
        add: (a, b) => a + b,
        fail() { throw Object.assign(new RangeError('there'), { code: 'E' }); },
        result: () => ({ list: [1], map: new Map([[1, 2]]), error: new TypeError('in it') }),
      })\`);`);
    const broker = await startBroker(module);
    expect(await broker.call('add', [1, 2])).toBe(3);
    const error = await caughtError(broker.call('fail', []));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'there', code: 'E' });
    expect(await broker.call('result', [])).toMatchObject({ list: [1], error: { message: 'in it' } });
    expect(await caughtError(broker.call('toString', []))).toMatchObject(UNKNOWN);
  });

  test('in a Node without __proto__', async () => {
    const broker = await startBroker(undefined, { execArgv: ['--disable-proto=delete'] });
    expect(await broker.call('echo', [1])).toBe(1);
    for (const name of ['toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'])
      expect(await caughtError(broker.call(name, []))).toMatchObject(UNKNOWN);
  });
});

describe('an option may be', () => {
  test('an AbortSignal of another realm or of a library', async () => {
    const broker = await startBroker();
    // The parts that old libraries for AbortSignal have.
    const target = new EventTarget();
    const signal = {
      aborted: false,
      addEventListener: target.addEventListener.bind(target),
      removeEventListener: target.removeEventListener.bind(target),
    };
    const hanging = line(broker, 'hanging');
    const call = broker.call('hang', [], { signal: signal as unknown as AbortSignal }); // as such a library types it
    await hanging;
    signal.aborted = true;
    target.dispatchEvent(new Event('abort'));
    expect(await caughtError(call)).toMatchObject({ name: 'AbortError', code: 'ERR_DUAL_CALL_CANCELLED' });
  });

  test('a URL of another realm, and an object of another realm', async () => {
    const { href, protocol } = fixture('pipeline.mjs');
    const url: unknown = runInNewContext('({ href, protocol })', { href, protocol });
    const options: unknown = runInNewContext('({ output: "ignore", args: [1, 2] })');
    const broker = makeBroker(url as URL, options as object); // as another realm's own
    expect(await broker.call('constructedWith', [])).toEqual([1, 2]);
  });
});

describe('the proxy', () => {
  test('has the methods of the pipeline, and no other names, once they are known', async () => {
    const broker = await startBroker(fixture('methods.mjs'));
    const { pipeline } = broker;
    for (const name of ['onModuleInit', 'asymmetricMatch', 'nothing', 'value', '_internal', 'computed'])
      expect(Reflect.get(pipeline, name)).toBeUndefined();
    expect('plain' in pipeline).toBe(true);
    expect('nothing' in pipeline).toBe(false);
    expect(Object.keys(pipeline)).toEqual(expect.arrayContaining(['own', 'plain', 'inherited']));
    expect(Object.keys(pipeline)).not.toContain('then');
    expect(pipeline).toEqual(pipeline);
    expect(await (pipeline as Methods)['plain']?.()).toBe('plain of it');
    expect(await caughtError(broker.call('nothing', []))).toMatchObject(UNKNOWN);
  });

  test('makes no call for a framework that looks for its hooks before the methods are known', async () => {
    const broker = makeBroker();
    const { pipeline } = broker;
    const hooks = [
      'onModuleInit',
      'onModuleDestroy',
      'beforeApplicationShutdown',
      'asymmetricMatch',
      '$$typeof',
    ];
    for (const name of hooks) expect(typeof Reflect.get(pipeline, name)).toBe('undefined');
    expect(await Promise.resolve(pipeline)).toBe(pipeline);
    expect(JSON.stringify({ pipeline })).toBe('{"pipeline":{}}');
    expect(broker.state).toBe('idle');
    expect(await (pipeline as Methods)['echo']?.(1)).toBe(1);
  });

  test('has a method of the new module after a reload', async () => {
    const broker = await startBroker(
      temporaryModule(`
        import { existsSync, writeFileSync } from 'node:fs';
        const path = new URL(import.meta.url).pathname + '.loaded';
        const isFirst = !existsSync(path);
        writeFileSync(path, '');
        export default () => (isFirst ? { before: () => 1 } : { after: () => 2 });`),
    );
    expect(Object.keys(broker.pipeline)).toEqual(['before']);
    await broker.reload();
    expect(Object.keys(broker.pipeline)).toEqual(['after']);
    expect(await (broker.pipeline as Methods)['after']?.()).toBe(2);
  });
});
