import { Broker } from '@dual/broker';
import { describe, expect, test } from 'tstyche';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

interface Tree {
  readonly value: number;
  readonly children: Tree[];
  readonly parent?: Tree;
}

class Point {
  x = 1;
  readonly #y = 2;
  get y(): number {
    return this.#y;
  }
}

class Matrix {
  readonly rows = 1;
  scale(factor: number): number {
    return this.rows * factor;
  }
}

interface Model {
  json(value: Json): number;
  tree(value: Tree): number;
  map(value: Map<string, Tree>, set: ReadonlySet<string>): number;
  point(value: Point): number;
  mixed(image: Uint8Array, options?: { topK?: number }, ...labels: string[]): number;
  loose(anything: unknown, record: Record<string, unknown>, object: object): number;
  union(value: { kind: 'a'; n: number } | { kind: 'b' } | string): number;
  builtIns(date: Date, error: Error, buffer: Buffer, pattern: RegExp): number;

  callback(onDone: () => void): number;
  deepCallback(options: { events?: { onProgress?: (n: number) => void } }): number;
  callbackOrName(listener: string | (() => void)): number;
  promise(value: Promise<string>): number;
  instance(value: Matrix): number;
  constructorOf(type: typeof Matrix): number;
}

const { pipeline } = new Broker<() => Model>(new URL('./model.js', import.meta.url));
const tree: Tree = { value: 1, children: [] };
const json: Json = [{ a: [1, 'b', null] }];

describe('arguments that can cross', () => {
  test('keep their types', () => {
    expect(pipeline.json).type.toBeCallableWith(json);
    expect(pipeline.tree).type.toBeCallableWith(tree);
    expect(pipeline.map).type.toBeCallableWith(new Map([['a', tree]]), new Set(['a']));
    expect(pipeline.point).type.toBeCallableWith(new Point());
    expect(pipeline.mixed).type.toBeCallableWith(new Uint8Array(), { topK: 1 }, 'a', 'b');
    expect(pipeline.mixed).type.toBeCallableWith(new Uint8Array());
    expect(pipeline.loose).type.toBeCallableWith(1, { a: 1 }, {});
    expect(pipeline.union).type.toBeCallableWith({ kind: 'a', n: 1 });
    expect(pipeline.builtIns).type.toBeCallableWith(new Date(), new Error(), Buffer.alloc(1), /a/);
  });

  test('are still checked', () => {
    expect(pipeline.tree).type.not.toBeCallableWith({ value: '1', children: [] });
    expect(pipeline.mixed).type.not.toBeCallableWith(new Uint8Array(), { topk: 1 });
    expect(pipeline.union).type.not.toBeCallableWith({ kind: 'a' });
  });
});

describe('arguments that cannot cross are refused, with the reason:', () => {
  test('a function', () => {
    // @ts-expect-error a function cannot cross to another process
    void pipeline.callback(() => undefined);
    // @ts-expect-error a function cannot cross to another process
    void pipeline.callbackOrName(() => undefined);
    expect(pipeline.callbackOrName).type.toBeCallableWith('name');
  });

  test('a function within an object', () => {
    // @ts-expect-error a function cannot cross to another process
    void pipeline.deepCallback({ events: { onProgress: () => undefined } });
    expect(pipeline.deepCallback).type.toBeCallableWith({ events: {} });
  });

  test('a promise', () => {
    // @ts-expect-error a promise cannot cross to another process: await it first
    void pipeline.promise(Promise.resolve('a'));
  });

  test('an instance of a class with methods, and a class', () => {
    // @ts-expect-error a class instance would lose its methods
    void pipeline.instance(new Matrix());
    // @ts-expect-error a function cannot cross to another process
    void pipeline.constructorOf(Matrix);
  });

  test('in call and submit, and in the arguments of the constructor', () => {
    const broker = new Broker<() => Model>(new URL('./model.js', import.meta.url));
    expect(broker.call).type.not.toBeCallableWith('callback', [() => undefined]);
    expect(broker.submit).type.not.toBeCallableWith('promise', [Promise.resolve('a')]);
    expect(broker.call).type.toBeCallableWith('tree', [tree]);
    type Factory = (log: (line: string) => void) => Model;
    expect(Broker.start<Factory>).type.not.toBeCallableWith('model', { args: [console.log] });
  });
});
