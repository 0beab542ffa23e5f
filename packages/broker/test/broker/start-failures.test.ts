import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, spawned, state } from '../support/events.js';
import { gone } from '../support/processes.js';
import { temporaryFolder, temporaryModule, temporaryPath } from '../support/temporary.js';

const FAILED = { name: 'PipelineStartError', code: 'ERR_DUAL_PIPELINE_START' };

/** @returns The errors of start() and of two queued calls, and the number of times that the module was loaded. */
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
  'start() and queued calls reject with PipelineStartError and the original cause if the %s throws',
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
    expect(loads).toBe(1);
    for (const { message } of errors) expect(message).toContain('(tried once)');
  },
);

test.each(['module', 'constructor'])('the error has the exit code if the %s exits', async (where) => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: where, KIND: 'exit' });
  for (const error of errors) {
    expect(error).toMatchObject({ ...FAILED, exitCode: 7 });
    expect(error.message).toContain('exited with code 7');
  }
});

test.each(['module', 'constructor'])(
  'the error has the signal if the process dies in the %s',
  async (where) => {
    const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: where, KIND: 'kill' });
    for (const error of errors) expect(error).toMatchObject({ ...FAILED, signal: 'SIGKILL' });
  },
);

test.each([
  ['module', 'hang'],
  ['constructor', 'hang'],
  ['module', 'spin'],
  ['constructor', 'spin'],
])('startTimeout ends a process whose %s never returns (%s)', async (where, kind) => {
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

test('an unhandled rejection while the module loads is the cause of the error', async () => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), {
    WHERE: 'module',
    KIND: 'rejectMeanwhile',
  });
  expect(errors[0]?.cause).toMatchObject({ message: 'rejected while loading' });
});

test('a thrown string is the cause of the error', async () => {
  const { errors } = await failedStart(fixture('broken/loading.mjs'), { WHERE: 'module', KIND: 'throwText' });
  expect(errors[0]?.cause).toBe('just text');
});

test.each([
  ['is missing', fixture('no-such-file.mjs'), { code: 'ERR_MODULE_NOT_FOUND' }],
  ['imports a missing package', fixture('broken/imports.mjs'), { code: 'ERR_MODULE_NOT_FOUND' }],
  ['has an unknown extension', fixture('modules/data.unknown'), {}],
])('the start fails without a second try if the module %s', async (_, module, cause) => {
  const broker = makeBroker(module);
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject(FAILED);
  expect(error.cause).toMatchObject(cause);
  expect(spawns).toBe(1);
});

test('the start fails without a second try if the module has a syntax error', async () => {
  const broker = makeBroker(temporaryModule('export default () => {{;'));
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  const error = await caughtError(broker.start());
  expect(error).toMatchObject(FAILED);
  expect(error.cause).toMatchObject({ name: 'SyntaxError' });
  expect(spawns).toBe(1);
});

test.each([
  ['the module', 'export default class {\n run( ) { ;;; ) }\n}', /module\.mjs:2\)/],
  ['a module that it imports', 'import "./imported.mjs";', /imported\.mjs:1\)/],
  ['a CommonJS module', 'import "./a blank.cjs";', /a blank\.cjs:1\)/],
])(
  'the error names the file and the line if %s has a syntax error, and stderr shows it',
  async (_, source, place) => {
    const folder = temporaryFolder();
    const module = join(folder, 'module.mjs');
    writeFileSync(module, source);
    for (const name of ['imported.mjs', 'a blank.cjs']) writeFileSync(join(folder, name), 'let = ;;');
    const error = await caughtError(makeBroker(module).start());
    expect(error).toMatchObject({ ...FAILED, cause: expect.any(SyntaxError) });
    expect(error.message).toMatch(place);
    expect(error['stderr']).toContain('^');
  },
);

test.each([
  ['a value that is no error', 'throw null;', {}, 'its module or constructor threw null'],
  ['an object as its export', 'export default { run() {} };', {}, 'the export "default" of'],
  ['neither of its exports', 'export const run = 1;', {}, 'it exports run (a number)'],
  ['no object', 'export default () => 5;', {}, 'made a number'],
  ['a flag that Node does not know', '', { execArgv: ['--no-such-flag'] }, 'bad option: --no-such-flag'],
])('the error says what is wrong: %s', async (_, source, options, message) => {
  const error = await caughtError(makeBroker(temporaryModule(source), options).start());
  expect(error).toMatchObject(FAILED);
  expect(error.message).toContain(message);
});

test('restart.atStart allows further tries: queued calls survive failed starts, and run once one succeeds', async () => {
  const broker = makeBroker(fixture('broken/at-first.mjs'), {
    args: [temporaryPath(), 2],
    restart: { limit: 0, atStart: 2 },
  });
  const calls = [broker.call('echo', [1]), broker.call('echo', [2])];
  expect(await Promise.all(calls)).toEqual([1, 2]);
  expect(await broker.call('tries', [])).toBe(3);
});

test('the first failure is the cause of the error, and start() can try again', async () => {
  const broker = makeBroker(fixture('broken/at-first.mjs'), {
    args: [temporaryPath(), 3],
    restart: { atStart: 1 },
  });
  const error = await caughtError(broker.start());
  expect(error.cause).toMatchObject({ message: 'failure 1' });
  expect(error.message).toContain('(tried 2 times)');
  expect(await caughtError(broker.call('tries', []))).toMatchObject({ ...FAILED, started: false });
  expect(await caughtError(() => broker.submit('tries', []))).toMatchObject(FAILED);
  await broker.start();
  expect(await broker.call('tries', [])).toBe(4);
});

test('Broker.start() rejects, and leaves no process behind', async () => {
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
])('start() and calls reject with PipelineStartError because of %s', async (_, options, message) => {
  const broker = makeBroker(undefined, { ...options, restart: { limit: 0 } });
  const errors = await Promise.all([caughtError(broker.start()), caughtError(broker.call('echo', [1]))]);
  for (const error of errors) {
    expect(error).toMatchObject(FAILED);
    expect(error.message).toMatch(message);
  }
});

test('close() kills a process that hangs during its start, and emits its exit', async () => {
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

/** The constructor throws this error, except the first time. */
const failsLater = (error: string): URL =>
  temporaryModule(`
    import { appendFileSync, readFileSync } from 'node:fs';
    export default (path, failures) => {
      appendFileSync(path, '.');
      const tries = readFileSync(path, 'utf8').length;
      if (tries > 1 && tries <= failures + 1) throw ${error};
      return { tries: () => tries, die: () => process.kill(process.pid, 'SIGKILL') };
    };`);

test('once it was ready, the broker tries again if the constructor throws, and loses no queued call', async () => {
  const broker = makeBroker(failsLater("new Error('not yet')"), { args: [temporaryPath(), 2] });
  await broker.start();
  const lost = caughtError(broker.call('die', []));
  const behind = broker.call('tries', []);
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
  expect(broker.state).toBe('restarting');
  expect(await behind).toBe(4);
  await state(broker, 'ready');
});

test.each([
  ['is gone', ''],
  ['has a syntax error', 'export default class { {'],
  ['imports a file that is missing', 'import "./missing.mjs";'],
  ['has no export', 'export const nothing = 1;'],
])('once it was ready, the broker tries again if the module %s for a moment', async (_, broken) => {
  const working = 'export default class { exit() { process.exit(1); } echo(value) { return value; } }';
  const module = temporaryModule(working);
  const broker = await startBroker(module);
  const failures: string[] = [];
  broker.on('exit', ({ reason }) => {
    failures.push(reason);
    if (failures.length === 3) writeFileSync(module, working);
  });
  if (broken === '') rmSync(module);
  else writeFileSync(module, broken);
  const [lost, next] = [caughtError(broker.call('exit', [])), broker.call('echo', [1])];
  expect(await lost).toMatchObject({ name: 'ProcessExitError' });
  expect(await next).toBe(1);
  expect(failures).toEqual(['crash', 'start', 'start']);
});

test('an error that says permanent: true is not tried again, also once the broker was ready', async () => {
  const module = failsLater("Object.assign(new Error('no licence'), { permanent: true })");
  const broker = makeBroker(module, { args: [temporaryPath(), 1], restart: { atStart: 5 } });
  await broker.start();
  await caughtError(broker.call('die', []));
  const error = await caughtError(broker.call('tries', []));
  expect(error).toMatchObject({ ...FAILED, cause: { message: 'no licence', permanent: true } });
  expect(error.message).toContain('(tried once)');
});

test('a process that crashes while it starts is replaced, although atStart is 0', async () => {
  const module = temporaryModule(`
    import { appendFileSync, readFileSync } from 'node:fs';
    export default (path) => {
      appendFileSync(path, '.');
      if (readFileSync(path, 'utf8').length < 3) process.kill(process.pid, 'SIGKILL');
      return { tries: () => readFileSync(path, 'utf8').length };
    };`);
  const broker = makeBroker(module, { args: [temporaryPath()] });
  expect(await broker.call('tries', [])).toBe(3);
});
