import { encodeValue } from '@dual/broker/wire';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit } from '../support/events.js';

const start = (): ReturnType<typeof startBroker> => startBroker(fixture('hostile.mjs'));

/** The file descriptors of the broker's own pipes. */
const PIPES = [3, 4, 5];

describe('a malformed frame rejects the running call with ProtocolError, and restarts the process', () => {
  test.each([
    ['text', Buffer.from('this text is long enough to be read as a frame, but is none')],
    ['zeros', Buffer.alloc(64)],
    ['a header without its seal', Buffer.from([18, 0, 0, 0, 1, ...Array<number>(15).fill(0)])],
    ['numbers', Buffer.from(Float64Array.of(1, 2, 3, 4).buffer)],
  ])('%s', async (_, bytes) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const exited = exit(broker);
    const error = await caughtError(broker.call('write', [3, bytes]));
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'ERR_DUAL_PROTOCOL', pid, started: true });
    expect(await exited).toMatchObject({ reason: 'protocol', signal: 'SIGKILL' });
    expect(await broker.call('echo', ['next'])).toBe('next');
    expect(await broker.call('pid', [])).not.toBe(pid);
  });
});

const UNDEFINED = [0];

/** A failure whose error is given as bytes. */
function failureOf(payload: unknown): { type: number; id: string; metadata: number[] } {
  const failure = { kind: 'thrown', thrown: { root: { kind: 'encoded', payload }, errors: [] } };
  return { type: 19, id: 'running', metadata: [...encodeValue(failure, 'failure').metadata] };
}

test.each([
  ['a message of unknown type', { type: 99 }],
  ['a message of 4 GiB', { type: 18, id: 'running', announced: 0xffff_ffff }],
  ['2³² buffers', { type: 18, id: 'running', buffers: 0xffff_ffff }],
  ['a second Ready', { type: 16 }],
  ['a result for an unknown call', { type: 18, id: 77, metadata: UNDEFINED }],
  ['a failure for an unknown call', { type: 19, id: 77, metadata: UNDEFINED }],
  ['a result that cannot be decoded', { type: 18, id: 'running', metadata: [255, 15] }],
  ['a result with bytes after its value', { type: 18, id: 'running', metadata: [0, 0] }],
  ['a failure without a kind', { type: 19, id: 'running', metadata: UNDEFINED }],
  ['an error without bytes', failureOf({ metadata: 'none', buffers: [] })],
  [
    'an error that cannot be decoded',
    { ...failureOf({ metadata: new Uint8Array(2), buffers: [] }), contents: [[255, 15]] },
  ],
  ['Dropped for a call that was not aborted', { type: 20, id: 'running' }],
  ['Halted without a Halt', { type: 22 }],
  ['a fatal error that cannot be decoded', { type: 21, metadata: [255, 15] }],
  ['progress of an unknown call', { type: 23, id: 77, metadata: UNDEFINED }],
  ['progress that cannot be decoded', { type: 23, id: 'running', metadata: [255, 15] }],
  ['a chunk for an unknown call', { type: 24, id: 77, metadata: UNDEFINED }],
  ['a chunk for a call that is no stream', { type: 24, id: 'running', metadata: UNDEFINED }],
])('a child that sends %s is killed, and its call rejects with ProtocolError', async (_, frame) => {
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([frame]) },
  });
  const exited = exit(broker);
  const error = await caughtError(broker.call('echo', [1]));
  expect(error).toMatchObject({ name: 'ProtocolError', started: true });
  expect(await exited).toMatchObject({ reason: 'protocol', signal: 'SIGKILL' });
});

test('a stream with more chunks than its window allows ends with ProtocolError after the allowed chunks', async () => {
  const chunk = { type: 24, id: 'running', metadata: [3] };
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify(Array(300).fill(chunk)) },
  });
  const exited = exit(broker);
  const reader = broker.stream('count', [300])[Symbol.asyncIterator]();
  await reader.next();
  expect(await exited).toMatchObject({ reason: 'protocol', signal: 'SIGKILL' });
  for (let i = 1; i < 256; i += 1) expect(await reader.next()).toEqual({ done: false, value: true });
  expect(await caughtError(reader.next())).toMatchObject({ name: 'ProtocolError', started: true });
});

test('the broker accepts a valid frame of the forging child', async () => {
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([{ type: 18, id: 'running', metadata: UNDEFINED }]) },
  });
  expect(await broker.call('echo', [1])).toBeUndefined();
});

test('the broker never accepts a result that the pipeline forges, not even for the running call', async () => {
  const broker = await start();
  for (let id = 0; id < 4; id += 1) {
    const outcome = await broker.call('forge', [3, 18, id]).catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
  }
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test.each([4, 5])('bytes written to file descriptor %d do not disturb later calls', async (fd) => {
  const broker = await start();
  for (const bytes of [Buffer.from('garbage'), Buffer.alloc(3), Buffer.alloc(100_000, 255)])
    await broker.call('write', [fd, bytes]).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test.each(PIPES)('closing file descriptor %d does not block later calls', async (fd) => {
  const broker = await start();
  await broker.call('close', [fd]).catch(() => undefined);
  for (let i = 0; i < 3; i += 1) {
    const outcome = await broker.call('echo', ['next'], { timeout: 5_000 }).catch((error: unknown) => error);
    if (outcome !== 'next') expect(outcome).toMatchObject({ code: expect.stringMatching(/^ERR_DUAL_P/) });
  }
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('the broker replaces a child that closes its channel and hangs', async () => {
  const broker = await start();
  const error = await caughtError(broker.call('closeAndHang', [3], { timeout: 10_000 }));
  expect(error).toMatchObject({ started: true });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('a pipeline that prints after closing stdout and stderr does not disturb later calls', async () => {
  const broker = await start();
  await broker.call('closeAndPrint', []).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('calls, results, errors and large arrays still cross after the pipeline has replaced all globals', async () => {
  const broker = await start();
  expect(await broker.call('replaceGlobals', [])).toBe('replaced');
  const pid = await broker.call('echo', [1]);
  expect(pid).toBe(1);
  const value = { map: [1, { a: null }], bytes: new Uint8Array(300_000).fill(3), date: new Date(0) };
  expect(await broker.call('echo', [value])).toEqual(value);
  expect(await caughtError(broker.call('nothing', []))).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
  expect(await broker.call('resolveTwice', [])).toBe('first');
});

/** Built-in functions that the child, or Node in it, may need for an answer. */
const BUILTINS = [
  'Array.prototype.push',
  'Array.prototype.map',
  'Array.prototype.includes',
  'Array.prototype.values',
  'Array.isArray',
  'Map.prototype.get',
  'Map.prototype.set',
  'Set.prototype.has',
  'Promise.prototype.then',
  'Promise.race',
  'Object.keys',
  'Object.prototype.toString',
  'Reflect.get',
  'Function.prototype.call',
  'RegExp.prototype.exec',
  'JSON.stringify',
  'Math.min',
  'Uint8Array.prototype.set',
  'Buffer.from',
  'DataView.prototype.setUint8',
  'performance.now',
  'process.emit',
  'process.nextTick',
  'process.exit',
];

/** A call of each kind, and its outcome while the process works. */
const PROPER_OUTCOMES = {
  echo: { of: ['echo'] },
  later: { of: ['later'] },
  fail: expect.objectContaining({ name: 'TypeError', message: 'failed' }),
  nothing: expect.objectContaining({ name: 'UnknownMethodError', code: 'ERR_DUAL_UNKNOWN_METHOD' }),
};

test.each(BUILTINS)(
  'every call settles with its proper outcome, or with the end of its process, if %s throws',
  async (path) => {
    const broker = await start();
    await broker.call('replace', [path, 'throws']).catch(() => undefined);
    const calls = Object.entries(PROPER_OUTCOMES).map(async ([method, proper]) => ({
      outcome: await broker.call(method, [{ of: [method] }]).catch((error: unknown) => error),
      proper,
    }));
    const processEnd = expect.objectContaining({ code: expect.stringMatching(/^ERR_DUAL_P/), started: true });
    for (const { outcome, proper } of await Promise.all(calls))
      expect([proper, processEnd]).toContainEqual(outcome);
    await broker.close();
  },
);

test.each(['throws', 'does nothing'])('close() ends the process even if process.exit %s', async (effect) => {
  const broker = await start();
  await broker.call('replace', ['process.reallyExit', effect]);
  await broker.call('replace', ['process.exit', effect]);
  const exited = exit(broker);
  await broker.close();
  expect(await exited).toMatchObject({ reason: 'requested', signal: 'SIGKILL' });
});

test("close() resolves even if an 'exit' listener throws", async () => {
  const broker = await start();
  await broker.call('throwAtExit', []);
  await broker.close();
});

test('a call does not run again if its answer cannot be written because a built-in throws', async () => {
  const broker = await start();
  await broker.call('echo', [0]);
  const exited = exit(broker);
  const lost = caughtError(broker.call('replace', ['DataView.prototype.setUint8', 'throws']));
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', started: true, method: 'replace' });
  expect(await exited).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('replaced') });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('process.send and process.disconnect have no effect on calls', async () => {
  const broker = await start();
  const pid = await broker.call('pid', []);
  expect(await broker.call('send', [])).toBe('sent');
  expect(await broker.call('pid', [])).toBe(pid);
});

test('changing the directory, environment and title affects only the process of the pipeline', async () => {
  const broker = await start();
  const here = { directory: process.cwd(), environment: { ...process.env }, title: process.title };
  const original = await broker.call('surroundings', []);
  const changed = { directory: '/', environment: {}, title: 'x' };
  expect(await broker.call('changeSurroundings', [])).toBe('changed');
  expect(await broker.call('surroundings', [])).toEqual(changed);
  expect({ directory: process.cwd(), environment: { ...process.env }, title: process.title }).toEqual(here);
  // The next process starts from the surroundings of the broker, not from those of its predecessor.
  await broker.reload();
  expect(await broker.call('surroundings', [])).toEqual(original);
  expect(original).not.toMatchObject({ directory: '/' });
});

test('process.removeAllListeners() does not disturb later calls', async () => {
  const broker = await start();
  expect(await broker.call('removeListeners', [])).toBe('removed');
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('an uncaughtException that a synchronous method emits does not make its call run again', async () => {
  const broker = await start();
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  await broker.call('fatalWithin', []).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
  expect(spawns).toBeLessThanOrEqual(1);
});

test('a returned thenable is awaited, settles once if it resolves twice, and rejects if it throws', async () => {
  const broker = await start();
  expect(await broker.call('thenable', [])).toBe('resolved');
  expect(await broker.call('resolveTwice', [])).toBe('first');
  expect(await caughtError(broker.call('throwingThenable', []))).toMatchObject({ message: 'no then' });
});
