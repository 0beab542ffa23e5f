import { readFileSync } from 'node:fs';

import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, spawned, state } from '../support/events.js';
import { gone } from '../support/processes.js';
import { temporaryModule, temporaryPath } from '../support/temporary.js';

const FAILED = { name: 'PipelineStartError', code: 'ERR_DUAL_PIPELINE_START' };

/** What start() and two queued calls reject with, and how often the module was loaded. */
async function failedStart(
  module: URL,
  env: Record<string, string>,
  options: TestOptions = {},
): Promise<{ errors: Awaited<ReturnType<typeof caughtError>>[]; loads: number; broker: Broker }> {
  const attempts = temporaryPath();
  const broker = makeBroker(module, {
    restart: { limit: 1 },
    env: { ...env, ATTEMPTS: attempts },
    ...options,
  });
  const errors = await Promise.all([
    caughtError(broker.start()),
    caughtError(broker.call('echo', [1])),
    caughtError(broker.submit('echo', [2]).result),
  ]);
  expect(broker.state).toBe('failed');
  return { errors, loads: readFileSync(attempts, { encoding: 'utf8', flag: 'a+' }).length, broker };
}

test.each(['module', 'constructor'])(
  '%s throws: start() and queued calls reject with PipelineStartError, original error as cause',
  async (where) => {
    const { errors, loads } = await failedStart(fixture('broken/loading.mjs'), {
      WHERE: where,
      KIND: 'throw',
    });
    for (const error of errors) {
      expect(error).toMatchObject({ ...FAILED, exitCode: 1 });
      expect(error.message).toContain('no weights');
      expect(error.cause).toBeInstanceOf(RangeError);
      expect(error.cause).toMatchObject({ message: 'no weights', code: 'ENOWEIGHTS' });
      expect(error['stderr']).toContain('loading to throw');
      expect(error.stack).toContain('start-failures.test');
    }
    expect(loads).toBe(2);
  },
);

test.each(['module', 'constructor'])('%s exits while loading: the exit code', async (where) => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: where, KIND: 'exit' });
  for (const error of errors) {
    expect(error).toMatchObject({ ...FAILED, exitCode: 7 });
    expect(error.message).toContain('exited with code 7');
  }
});

test.each(['module', 'constructor'])('%s is killed while loading: the signal', async (where) => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: where, KIND: 'kill' });
  for (const error of errors) expect(error).toMatchObject({ ...FAILED, signal: 'SIGKILL' });
});

test.each([
  ['module', 'hang'],
  ['constructor', 'hang'],
  ['module', 'spin'],
  ['constructor', 'spin'],
])('%s never returns (%s): startTimeout bounds it, the process is gone', async (where, kind) => {
  const pids: number[] = [];
  const attempts = temporaryPath();
  const broker = makeBroker(fixture('broken/loading.mjs'), {
    startTimeout: 400,
    restart: { limit: 0 },
    env: { WHERE: where, KIND: kind, ATTEMPTS: attempts },
  });
  broker.on('spawn', ({ pid }) => pids.push(pid));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject(FAILED);
  expect(error.message).toContain('400 ms');
  await Promise.all(pids.map(gone));
  expect(pids).toHaveLength(1);
});

test('a rejection beside the loading is the cause', async () => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), {
    WHERE: 'module',
    KIND: 'rejectBeside',
  });
  expect(errors[0]?.cause).toMatchObject({ message: 'beside the loading' });
});

test('a thrown text is the cause', async () => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: 'module', KIND: 'throwText' });
  expect(errors[0]?.cause).toBe('just text');
});

test.each([
  ['missing', fixture('no-such-file.mjs'), { code: 'ERR_MODULE_NOT_FOUND' }],
  ['importing what is missing', fixture('broken/imports.mjs'), { code: 'ERR_MODULE_NOT_FOUND' }],
  ['of an unknown kind', fixture('modules/data.unknown'), {}],
])('module %s: fails at once, without another try', async (_, module, cause) => {
  const broker = makeBroker(module);
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject(FAILED);
  expect(error.cause).toMatchObject(cause);
  expect(spawns).toBe(1);
});

test('module of broken syntax: fails at once, without another try', async () => {
  const broker = makeBroker(temporaryModule('export default () => {{;'));
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject(FAILED);
  expect(error.cause).toMatchObject({ name: 'SyntaxError' });
  expect(spawns).toBe(1);
});

test('fails once and then works: queued calls survive', async () => {
  const broker = makeBroker(fixture('broken/at-first.mjs'), { args: [temporaryPath(), 2] });
  const calls = [broker.call('echo', [1]), broker.call('echo', [2])];
  expect(await Promise.all(calls)).toEqual([1, 2]);
  expect(await broker.call('tries', [])).toBe(3);
});

test('the first failure is the cause, not the last; start() again after failed is possible', async () => {
  const broker = makeBroker(fixture('broken/at-first.mjs'), {
    args: [temporaryPath(), 3],
    restart: { limit: 1 },
  });
  expect((await caughtError(broker.start())).cause).toMatchObject({ message: 'failure 1' });
  expect(await caughtError(broker.call('tries', []))).toMatchObject({ ...FAILED, started: false });
  expect(await caughtError(() => broker.submit('tries', []))).toMatchObject(FAILED);
  await broker.start();
  expect(await broker.call('tries', [])).toBe(4);
});

test('Broker.start rejects, and leaves nothing behind', async () => {
  const attempts = temporaryPath();
  const error = await caughtError(
    Broker.start(fixture('broken/at-first.mjs'), {
      args: [attempts, 9],
      restart: { limit: 0 },
      output: 'ignore',
    }),
  );
  expect(error).toMatchObject(FAILED);
  expect(error.stack).toContain('start-failures.test');
  await gone(Number(error['pid']));
});

test.each([
  ['a working directory that does not exist', { cwd: '/no/such/folder' }, /\/no\/such\/folder/],
  ['too little memory', { execArgv: ['--max-old-space-size=1'] }, /out of memory/],
  ['a flag that Node does not know', { execArgv: ['--no-such-flag'] }, /exited with code 9/],
  [
    'an entry that does not exist',
    { workerPath: '/no/such/entry.js' },
    /workerPath\) does not exist: .*entry\.js/,
  ],
])('the spawn fails (%s): PipelineStartError', async (_, options, message) => {
  const broker = makeBroker(undefined, { ...options, restart: { limit: 0 } });
  const errors = await Promise.all([caughtError(broker.start()), caughtError(broker.call('echo', [1]))]);
  for (const error of errors) {
    expect(error).toMatchObject(FAILED);
    expect(error.message).toMatch(message);
  }
});

test('a start that hangs is killed by close(), its exit told', async () => {
  const broker = makeBroker(fixture('broken/loading.mjs'), {
    env: { WHERE: 'module', KIND: 'spin', ATTEMPTS: temporaryPath() },
  });
  const pid = spawned(broker);
  const started = caughtError(broker.start());
  const exited = exit(broker);
  await pid;
  await broker.close();
  expect(await exited).toMatchObject({ reason: 'requested' });
  expect(await started).toMatchObject({ code: 'ERR_DUAL_BROKER_CLOSED' });
});

test('the constructor fails after a crash: restarting, then ready, and nothing is lost', async () => {
  const path = temporaryPath();
  const broker = makeBroker(fixture('broken/at-first.mjs'), { args: [path, 1] });
  await broker.start();
  const lost = caughtError(broker.call('die', []));
  const behind = broker.call('echo', ['next']);
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
  expect(broker.state).toBe('restarting');
  expect(await behind).toBe('next');
  await state(broker, 'ready');
});
