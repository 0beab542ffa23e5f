import type { Broker } from '@dual/broker';
import { encodeValue } from '@dual/broker/wire';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';

const REFUSED = { name: 'SerializationError', code: 'ERR_DUAL_SERIALIZATION' };

/** Node 24 and later. */
const Float16: unknown = Reflect.get(globalThis, 'Float16Array');
const testFloat16 = typeof Float16 === 'function' ? test : test.skip;

function halves(): unknown {
  return typeof Float16 === 'function' ? Reflect.construct(Float16, [[0.5, 1]]) : undefined;
}

/** Its child answers the first call with a frame. */
function forgingBroker(frame: object): Broker {
  return makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([frame]) },
    restart: { limit: 0 },
  });
}

const float16Frame = {
  type: 18,
  id: 'running',
  metadata: [11, 13],
  contents: [[0, 56, 0, 60]], // 0.5 and 1
};

test('a Float16Array as result rejects its call alone if only the child has the class', async () => {
  const broker = forgingBroker(float16Frame);
  let exits = 0;
  broker.on('exit', () => (exits += 1));
  const outcome = await broker.call('echo', []).catch((error: unknown) => error);
  if (typeof Float16 === 'function') expect(outcome).toEqual(halves());
  else
    expect(outcome).toMatchObject({
      ...REFUSED,
      path: 'result',
      message: expect.stringContaining('Float16Array'),
    });
  expect([exits, broker.state]).toEqual([0, 'ready']);
});

test('a Float16Array of half an element is malformed in every Node', async () => {
  const broker = forgingBroker({ ...float16Frame, contents: [[0, 56, 0]] });
  expect(await caughtError(broker.call('echo', []))).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
});

test('a view of a kind that no Node has is malformed', async () => {
  const broker = forgingBroker({ ...float16Frame, metadata: [11, 14] });
  expect(await caughtError(broker.call('echo', []))).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
});

testFloat16.each([
  ['alone', (half: unknown) => half],
  ['in a Map', (half: unknown) => new Map([[1, half]])],
])(
  'a Float16Array as argument (%s) rejects its call alone if only the broker has the class',
  async (_, wrap) => {
    const execArgv = ['--import', 'data:text/javascript,delete globalThis.Float16Array'];
    const broker = await startBroker(undefined, { execArgv, restart: { limit: 0 } });
    const pid = await broker.call('pid', []);
    const error = await caughtError(broker.call('echo', [wrap(halves())]));
    expect(error).toMatchObject({
      ...REFUSED,
      path: 'args',
      message: expect.stringContaining('Float16Array'),
    });
    expect(await broker.call('pid', [])).toBe(pid);
  },
);

test('a regular expression that this Node does not know rejects its call alone', async () => {
  const { metadata } = encodeValue(/(a)/, 'value');
  const text = Buffer.from(metadata).toString('latin1');
  const broker = forgingBroker({
    ...float16Frame,
    metadata: [...Buffer.from(text.replace('(a)', '(?+'), 'latin1')],
    contents: [],
  });
  const error = await caughtError(broker.call('echo', []));
  expect(error).toMatchObject({
    ...REFUSED,
    path: 'result',
    message: expect.stringContaining(process.version),
  });
  expect(broker.state).toBe('ready');
});
