import { describe, expect, test } from '@jest/globals';

import { decodeValue, encodeValue } from '../../../src/channel/values/codec.js';
import { SerializationError } from '../../../src/errors.js';

function refusal(value: unknown): SerializationError {
  try {
    encodeValue(value, 'value');
  } catch (error) {
    if (error instanceof SerializationError) return error;
    throw error;
  }
  throw new Error('the value was not refused');
}

function roundTrip(value: unknown): unknown {
  const { metadata, buffers } = encodeValue(value, 'value');
  return decodeValue({ metadata, buffers: buffers.map((bytes) => bytes.slice()) });
}

/** A value in which each layer holds the next one. */
function layers(depth: number, wrap: (inner: unknown, level: number) => unknown, leaf: unknown): unknown {
  let value = leaf;
  for (let level = 0; level < depth; level += 1) value = wrap(value, level);
  return value;
}

function withCause(cause: unknown): Error {
  const error = new Error('x', { cause });
  error.stack = 'Error: x'; // to format thousands of stacks takes seconds
  return error;
}

const leafWithGetter = {
  get leaf() {
    return 1;
  },
};

describe('a value that is nested too deeply', () => {
  const kinds: [string, (inner: unknown, level: number) => unknown, unknown][] = [
    ['arrays', (inner) => [inner], 1],
    ['arrays with neighbours', (inner) => [1, { a: 1 }, inner, 'x'], 1],
    ['arrays around a getter', (inner) => [inner], leafWithGetter],
    ['arrays around a function', (inner) => [inner], () => 1],
    ['arrays around an iterator', (inner) => [inner], [][Symbol.iterator]()],
    ['objects', (inner) => ({ inner }), 1],
    ['objects in two places', (inner) => ({ a: { inner }, b: inner }), 1],
    ['Maps, as value', (inner) => new Map([['key', inner]]), 1],
    ['Maps, as key', (inner) => new Map([[inner, 1]]), 1],
    ['Sets', (inner) => new Set([inner]), leafWithGetter],
    ['causes of errors', withCause, 1],
    [
      'a mixture',
      (inner, level) => (level % 2 === 0 ? { list: [inner] } : new Map([['k', new Set([inner])]])),
      1,
    ],
  ];

  test.each(kinds)('(%s) is refused with a path that begins, ends, and is short', (_, wrap, leaf) => {
    const { path, message } = refusal(layers(20_000, wrap, leaf));
    expect(path).toMatch(/^value.*….*[\])\w]$/);
    expect(path.length).toBeLessThan(300);
    expect(message.length).toBeLessThan(600);
    expect(message).toContain(path);
  });

  test.each(kinds)('(%s) is refused in a time proportional to its depth', (_, wrap, leaf) => {
    const time = (depth: number): number => {
      const value = layers(depth, wrap, leaf);
      const times = Array.from({ length: 2 }, () => {
        const start = performance.now();
        refusal(value);
        return performance.now() - start;
      });
      return Math.min(...times);
    };
    time(8_000);
    // Eight times as deep: linear would be 8, quadratic 64.
    expect(time(64_000) / time(8_000)).toBeLessThan(32);
  });

  test('says so', () => {
    expect(refusal(layers(20_000, (inner) => [inner], 1)).message).toContain('nested too deeply');
  });
});

test.each<[string, unknown]>([
  ['property', { ['x'.repeat(1_000_000)]: () => 1 }],
  ['key', new Map([['x'.repeat(1_000_000), Symbol('y'.repeat(1_000_000))]])],
])('a long name of a %s is shortened', (_, value) => {
  const { path, message } = refusal(value);
  expect(path).toMatch(/xxx…xxx/);
  expect(message.length).toBeLessThan(600);
});

test('an array of 100,000 objects is refused with the index of the last one', () => {
  const list = Array.from({ length: 100_000 }, (_, i) => ({ i }));
  expect(refusal([...list, () => 1]).path).toBe('value[100000]');
});

describe('what V8 refuses is refused', () => {
  const uncloneable: [string, () => unknown][] = [
    ['a promise', () => Promise.resolve(1)],
    ['a WeakMap', () => new WeakMap()],
    ['a WeakRef', () => new WeakRef({})],
    ['a generator', () => (function* () {})()], // eslint-disable-line @typescript-eslint/no-empty-function -- only its kind counts
    ['an array iterator', () => [1][Symbol.iterator]()],
    ['an iterator of a Map', () => new Map().entries()],
    ['an arguments object', () => (function () { return arguments; })()], // eslint-disable-line prefer-rest-params -- only its kind counts
    ['a collator', () => new Intl.Collator()],
    ['a Blob', () => new Blob(['x'])],
    ['a URL', () => new URL('http://localhost')],
    ['a DOMException', () => new DOMException('x', 'AbortError')],
    ['a function', () => () => 1],
    ['a Proxy', () => new Proxy({}, {})],
    ['a SharedArrayBuffer', () => new SharedArrayBuffer(8)],
  ]; // prettier-ignore

  test.each(uncloneable)('with its path: %s', (_, make) => {
    expect(refusal([{ part: make() }]).path).toBe('value[0].part');
    expect(refusal(new Map([['k', new Set([make()])]])).path).toBe('value.get("k").values()[0]');
    expect(refusal(withCause(make())).path).toBe('value.cause');
  });

  test.each(uncloneable)('beside a getter: %s', (_, make) => {
    expect(
      refusal({ ...(layers(1, (inner) => ({ inner }), leafWithGetter) as object), part: make() }).path,
    ).toBe('value.part');
    expect(refusal([leafWithGetter, [make()]]).path).toBe('value[1][0]');
  });

  test.each(uncloneable)('behind a getter: %s', (_, make) => {
    const part = make();
    const value = { get part() { return part; } }; // prettier-ignore
    expect(refusal(value).path).toBe('value.part');
    expect(refusal(new Map([['k', [value]]])).path).toBe('value.get("k")[0].part');
  });
});

describe('code of the user in a value runs once', () => {
  /** Counts how often it is read. */
  function counted(answer: (count: number) => unknown): { object: object; count: () => number } {
    let count = 0;
    const object = {
      get read() {
        count += 1;
        return answer(count);
      },
    };
    return { object, count: () => count };
  }

  test.each<[string, (counted: object) => unknown]>([
    ['before a function', (object) => ({ object, part: () => 1 })],
    ['after a function', (object) => ({ part: () => 1, object })],
    ['beside a Blob, in a Map', (object) => new Map<string, unknown>([['a', object], ['b', new Blob([])]])], // prettier-ignore
    ['beside an iterator', (object) => [object, [][Symbol.iterator]()]],
    ['beside a Proxy', (object) => [object, new Proxy({}, {})]],
    ['at the bottom of a deep value', (object) => layers(20_000, (inner) => ({ inner }), object)],
    ['in the cause of an error', (object) => [withCause(object), () => 1]],
    ['in an object that occurs twice', (object) => [object, object, () => 1]],
  ])('if the value is refused: a getter %s', (_, wrap) => {
    const { object, count } = counted((n) => n);
    refusal(wrap(object));
    expect(count()).toBeLessThanOrEqual(1);
  });

  test.each<[string, (counted: object) => unknown]>([
    ['in a plain value', (object) => object],
    ['in a Map', (object) => new Map([[1, object]])],
  ])('a getter that throws, %s', (_, wrap) => {
    const reason = new Error('on purpose');
    const { object, count } = counted(() => {
      throw reason;
    });
    const error = refusal(wrap(object));
    expect(error.path).toMatch(/read$/);
    expect(error.message).toContain('on purpose');
    expect(error.cause).toBe(reason);
    expect(count()).toBe(1);
  });

  test('a getter whose second answer could cross', () => {
    const { object, count } = counted((n) => (n === 1 ? () => 1 : 2));
    expect(refusal([object]).path).toBe('value[0].read');
    expect(count()).toBe(1);
  });

  test('a getter in the cause of an error, and one for the name, also if the error crosses', () => {
    const { object, count } = counted((n) => n);
    let names = 0;
    class Named extends RangeError {
      override get name(): string {
        names += 1;
        return 'Named';
      }
    }
    const error = new Named('far', { cause: { object } });
    const { stack } = error;
    names = 0;
    const copy = roundTrip([error]) as [Error];
    expect(copy[0]).toMatchObject({ message: 'far', stack, cause: { object: { read: 1 } } });
    expect([names, count()]).toEqual([1, 1]);
    refusal([error, () => 1]);
    expect([names, count()]).toEqual([2, 2]);
  });

  test('and the iterator of a subclass, the name of a class, and the tag of an object do not run', () => {
    let ran = 0;
    class Replaced extends Map<string, unknown> {
      override *[Symbol.iterator](): MapIterator<[string, unknown]> {
        ran += 1;
      }
    }
    const Nameless = Object.defineProperty(() => 1, 'name', { get: () => (ran += 1) });
    const tagged = new (class {
      get [Symbol.toStringTag](): string {
        ran += 1;
        return 'Blob';
      }
    })();
    expect(roundTrip(new Replaced([['a', tagged]]))).toEqual(new Map([['a', {}]]));
    expect(refusal(new Replaced([['a', Nameless]])).path).toBe('value.get("a")');
    expect(ran).toBe(0);
  });
});

test('an error among other values loses its own properties, whatever they are', () => {
  const error = Object.assign(new Error('x'), { request: new Blob([]), retry: () => 1 });
  const [copy] = roundTrip([error]) as [Error];
  expect(copy.message).toBe('x');
  expect(Object.keys(copy)).toEqual([]);
});

test('an object that only has the prototype of a Map is refused, and real Maps go on crossing', () => {
  class Own extends Map<number, number> {}
  expect(refusal([Object.create(Own.prototype)]).path).toBe('value[0]');
  expect(roundTrip(new Own([[1, 2]]))).toEqual(new Map([[1, 2]]));
});
