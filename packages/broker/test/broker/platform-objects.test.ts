import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

const start = (): ReturnType<typeof startBroker> => startBroker(fixture('platform-objects.mjs'));

test.each([
  ['alone', 'result.list[1]'],
  ['beside a getter', 'result.list[2].part'],
  ['behind a getter', 'result.list[1].answer'],
])(
  "an object that the platform made is refused with its path, and does not arrive as '{}' (%s)",
  async (place, path) => {
    const broker = await start();
    const names = (await broker.call('names', [])) as string[];
    expect(names.length).toBeGreaterThan(40);
    for (const name of names) {
      const error = await caughtError(broker.call('make', [name, place]));
      const wanted = { name: 'SerializationError', code: 'ERR_DUAL_SERIALIZATION', path };
      expect([name, error]).toEqual([name, expect.objectContaining(wanted)]);
    }
  },
);

test('data of Node, and objects of classes that only share a name with one of Node, arrive', async () => {
  const broker = await start();
  const data = Object.fromEntries((await broker.call('data', [])) as [string, unknown][]);
  expect(data).toMatchObject({
    Stats: { mode: expect.any(Number) },
    BigIntStats: { mode: expect.any(BigInt) },
    StatFs: { bsize: expect.any(Number) },
    'legacy URL': { pathname: '/a' },
    'class of the user that extends an emitter': { size: 3 },
  });
  const { Server, Tracing, Blob, Map, empty, function: made, ...others } = data;
  expect({ Server, Tracing, Blob, Map, empty, made }).toEqual({
    Server: { port: 1 },
    Tracing: { on: true },
    Blob: { size: 1 },
    Map: { tiles: [1] },
    empty: {},
    made: { a: 1 },
  });
  expect(others).toMatchObject({
    'without constructor': { own: 2 },
    'prototype without prototype': { own: 2 },
  });
});
