import { describeThrown, encodeValue } from '@dual/broker/wire';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { readAll } from '../support/streams.js';
import { temporaryModule } from '../support/temporary.js';

const REFUSED = { name: 'SerializationError', code: 'ERR_DUAL_SERIALIZATION' };
/** Deeper than V8 can read, and not too deep for it to write. */
const DEEP = 2_700;
/** Too deep to write. */
const ABYSS = 100_000;

function nested(depth: number): object {
  let value = {};
  for (let i = 0; i < depth; i += 1) value = { value };
  return value;
}

const start = (): ReturnType<typeof startBroker> =>
  startBroker(fixture('undecodable.mjs'), { restart: { limit: 0 } });

describe('a value that cannot be decoded rejects its call alone, and no process ends', () => {
  test.each([DEEP, ABYSS])('as argument (%i deep)', async (depth) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const before = broker.call('echo', [1]);
    const error = await caughtError(broker.call('echo', [nested(depth)]));
    expect(error).toMatchObject({ ...REFUSED, method: 'echo', path: expect.stringMatching(/^args/) });
    expect(await Promise.all([before, broker.call('echo', [2])])).toEqual([1, 2]);
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test('as argument of a call of a batch', async () => {
    const broker = await startBroker(fixture('undecodable.mjs'), {
      restart: { limit: 0 },
      batch: { echo: { method: 'echoAll' } },
    });
    const calls = [1, nested(DEEP), 3].map((value) => broker.submit('echo', [value]));
    const outcomes = await Promise.allSettled(calls.map(({ result }) => result));
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: expect.objectContaining(REFUSED) },
      { status: 'fulfilled', value: 3 },
    ]);
    expect(await broker.call('echo', [4])).toBe(4);
  });

  test.each([DEEP, ABYSS])('as result (%i deep)', async (depth) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const error = await caughtError(broker.call('nested', [depth]));
    expect(error).toMatchObject({ ...REFUSED, method: 'nested', pid, started: true });
    expect(error).toHaveProperty('path', expect.stringMatching(/^result/));
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test('as progress: the call is abandoned', async () => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const aborted = line(broker, 'aborted');
    expect(await caughtError(broker.call('progress', [DEEP]))).toMatchObject({
      ...REFUSED,
      path: 'progress',
    });
    await aborted;
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test('as chunk: the reader gets the chunks before it, and the generator is stopped', async () => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const stopped = line(broker, 'stopped');
    const { chunks, error } = await readAll(broker.stream('chunks', [DEEP]));
    expect(chunks).toEqual([1]);
    expect(error).toMatchObject({ ...REFUSED, path: 'chunk' });
    await stopped;
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test('as property of an error, which arrives without it', async () => {
    const broker = await start();
    const error = await caughtError(broker.call('throws', [DEEP]));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: 'on purpose',
      code: 'E',
      extra: [1],
      cause: { message: 'inner' },
    });
    expect(error).not.toHaveProperty('tree');
  });

  test('as property of an error that the constructor throws', async () => {
    const module = temporaryModule(`
      export default () => {
        let tree = {};
        for (let i = 0; i < ${DEEP}; i += 1) tree = { tree };
        throw Object.assign(new RangeError('on purpose'), { tree, extra: [1] });
      };`);
    const error = await caughtError(makeBroker(module).start());
    expect(error).toMatchObject({
      code: 'ERR_DUAL_PIPELINE_START',
      cause: { message: 'on purpose', extra: [1] },
    });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.cause).not.toHaveProperty('tree');
  });

  test('as argument of the constructor: the broker refuses to be made', () => {
    expect(() => makeBroker(undefined, { args: [nested(DEEP)] })).toThrow(
      expect.objectContaining({ ...REFUSED, path: expect.stringMatching(/^args/) }),
    );
  });
});

test('a call that is the next one at the deaths of two processes that ran nothing is rejected as suspect', async () => {
  const fatal = { thrown: describeThrown(new Error('poisoned')), running: [] };
  const frame = { type: 21, metadata: [...encodeValue(fatal, 'fatal').metadata] };
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([frame]) },
  });
  const exits: unknown[] = [];
  broker.on('exit', ({ reason, suspect }) => exits.push({ reason, suspect }));
  const first = broker.submit('echo', [1], { key: 'first', retries: 5 });
  const second = broker.submit('echo', [2], { key: 'second' });
  const error = await caughtError(first.result);
  expect(error).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
    suspect: true,
    started: false,
    key: 'first',
    method: 'echo',
  });
  expect(error.message).toContain('echo');
  expect(second.state).toBe('queued');
  await new Promise(setImmediate);
  const suspect = { key: 'first', method: 'echo' };
  expect(exits).toEqual([
    { reason: 'fatal', suspect },
    { reason: 'fatal', suspect },
  ]);
});
