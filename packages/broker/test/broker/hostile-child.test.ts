import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit } from '../support/events.js';

const start = (): ReturnType<typeof startBroker> => startBroker(fixture('hostile.mjs'));

/** The descriptors of the broker's own pipes. */
const PIPES = [3, 4, 5];

describe('malformed frame: ProtocolError for calls in flight, killed and restarted', () => {
  test.each([
    ['text', Buffer.from('this is no frame, it is much too wordy for one')],
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

test.each([
  ['a message of unknown type', { type: 99 }],
  ['a message of 4 GiB', { type: 18, id: 'running', announced: 0xffff_ffff }],
  ['2³² buffers', { type: 18, id: 'running', buffers: 0xffff_ffff }],
  ['a second Ready', { type: 16 }],
  ['a result of no call', { type: 18, id: 77, metadata: UNDEFINED }],
  ['a failure of no call', { type: 19, id: 77, metadata: UNDEFINED }],
  ['a result that is no value', { type: 18, id: 'running', metadata: [255, 15] }],
  ['a result with more than its value', { type: 18, id: 'running', metadata: [0, 0] }],
  ['a failure of no kind', { type: 19, id: 'running', metadata: UNDEFINED }],
  ['a call dropped that nobody aborted', { type: 20, id: 'running' }],
  ['a halt that nobody asked for', { type: 22 }],
  ['an error of no shape', { type: 21, metadata: [255, 15] }],
  ['progress of no call', { type: 23, id: 77, metadata: UNDEFINED }],
  ['progress that is no value', { type: 23, id: 'running', metadata: [255, 15] }],
  ['a chunk of no call', { type: 24, id: 77, metadata: UNDEFINED }],
  ['a chunk of a call that is no stream', { type: 24, id: 'running', metadata: UNDEFINED }],
])('a child whose host has gone mad (%s): ProtocolError, killed', async (_, frame) => {
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([frame]) },
  });
  const exited = exit(broker);
  const error = await caughtError(broker.call('echo', [1]));
  expect(error).toMatchObject({ name: 'ProtocolError', started: true });
  expect(await exited).toMatchObject({ reason: 'protocol', signal: 'SIGKILL' });
});

test('more of a stream than there is room for: ProtocolError, after what there was room for', async () => {
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

test('a child whose host writes what it should is believed', async () => {
  const broker = makeBroker(undefined, {
    workerPath: fixture('forger.mjs'),
    env: { FORGE: JSON.stringify([{ type: 18, id: 'running', metadata: UNDEFINED }]) },
  });
  expect(await broker.call('echo', [1])).toBeUndefined();
});

test('a reply forged by a pipeline, also of the very call that runs, reaches nobody', async () => {
  const broker = await start();
  for (let id = 0; id < 4; id += 1) {
    const outcome = await broker.call('forge', [3, 18, id]).catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: 'ERR_DUAL_PROTOCOL' });
  }
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test.each([4, 5])('what it writes to descriptor %d confuses nobody', async (fd) => {
  const broker = await start();
  for (const bytes of [Buffer.from('garbage'), Buffer.alloc(3), Buffer.alloc(100_000, 255)])
    await broker.call('write', [fd, bytes]).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test.each(PIPES)('closing descriptor %d wedges nothing', async (fd) => {
  const broker = await start();
  await broker.call('close', [fd]).catch(() => undefined);
  for (let i = 0; i < 3; i += 1) {
    const outcome = await broker.call('echo', ['next'], { timeout: 5_000 }).catch((error: unknown) => error);
    if (outcome !== 'next') expect(outcome).toMatchObject({ code: expect.stringMatching(/^ERR_DUAL_P/) });
  }
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('a child that closes its channel and hangs is replaced', async () => {
  const broker = await start();
  const error = await caughtError(broker.call('closeAndHang', [3], { timeout: 10_000 }));
  expect(error).toMatchObject({ started: true });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('closing stdout and stderr, then printing', async () => {
  const broker = await start();
  await broker.call('closeAndPrint', []).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('globals replaced: calls, results, errors and big arrays still cross', async () => {
  const broker = await start();
  expect(await broker.call('replaceGlobals', [])).toBe('replaced');
  const pid = await broker.call('echo', [1]);
  expect(pid).toBe(1);
  const value = { map: [1, { a: null }], bytes: new Uint8Array(300_000).fill(3), date: new Date(0) };
  expect(await broker.call('echo', [value])).toEqual(value);
  expect(await caughtError(broker.call('nothing', []))).toMatchObject({ code: 'ERR_DUAL_UNKNOWN_METHOD' });
  expect(await broker.call('resolveTwice', [])).toBe('first');
});

/** What the child needs to answer. */
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

test.each(BUILTINS)(
  '%s replaced by what throws: every call settles, with its own result or an error',
  async (path) => {
    const broker = await start();
    await broker.call('replace', [path, 'throws']).catch(() => undefined);
    const calls = ['echo', 'later', 'fail', 'nothing'].map((method) =>
      broker.call(method, [{ of: [method] }]).catch((error: unknown) => error),
    );
    const [echoed, later] = await Promise.all(calls);
    for (const [outcome, method] of [
      [echoed, 'echo'],
      [later, 'later'],
    ])
      if (!(outcome instanceof Error)) expect(outcome).toEqual({ of: [method] });
    await broker.close();
  },
);

test.each(['throws', 'does nothing'])(
  'process.exit that %s: close() still ends the process',
  async (effect) => {
    const broker = await start();
    await broker.call('replace', ['process.reallyExit', effect]);
    await broker.call('replace', ['process.exit', effect]);
    const exited = exit(broker);
    await broker.close();
    expect(await exited).toMatchObject({ reason: 'requested', signal: 'SIGKILL' });
  },
);

test("an 'exit' listener that throws does not hold up close()", async () => {
  const broker = await start();
  await broker.call('throwAtExit', []);
  await broker.close();
});

test('an answer that cannot be written, since the language is spoilt: the call is not run again', async () => {
  const broker = await start();
  await broker.call('echo', [0]);
  const exited = exit(broker);
  const lost = caughtError(broker.call('replace', ['DataView.prototype.setUint8', 'throws']));
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', started: true, method: 'replace' });
  expect(await exited).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('replaced') });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('process.send and process.disconnect forge nothing and break nothing', async () => {
  const broker = await start();
  const pid = await broker.call('pid', []);
  expect(await broker.call('send', [])).toBe('sent');
  expect(await broker.call('pid', [])).toBe(pid);
});

test('process.chdir, env, title', async () => {
  const broker = await start();
  expect(await broker.call('chdir', [])).toBe('/');
  expect(await broker.call('echo', ['next'])).toBe('next');
  expect(process.cwd()).not.toBe('/');
});

test('process.removeAllListeners: an error that nobody caught then ends the process, and it is said', async () => {
  const broker = await start();
  expect(await broker.call('removeListeners', [])).toBe('removed');
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('an error raised within a synchronous method: the call is answered, and runs once', async () => {
  const broker = await start();
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  await broker.call('fatalWithin', []).catch(() => undefined);
  expect(await broker.call('echo', ['next'])).toBe('next');
  expect(spawns).toBeLessThanOrEqual(1);
});

test('thenables are awaited; those that resolve twice settle once, those that throw reject', async () => {
  const broker = await start();
  expect(await broker.call('thenable', [])).toBe('resolved');
  expect(await broker.call('resolveTwice', [])).toBe('first');
  expect(await caughtError(broker.call('throwingThenable', []))).toMatchObject({ message: 'no then' });
});
