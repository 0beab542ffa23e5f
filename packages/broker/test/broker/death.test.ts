import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, spawned, state } from '../support/events.js';
import { blockUntil, gone, hasClosedFiles, isAlive } from '../support/processes.js';
import { temporaryModule, temporaryPath } from '../support/temporary.js';

const DIED = { name: 'ProcessExitError', code: 'ERR_DUAL_PROCESS_EXIT', started: true };

test.each([
  ['exits', 'exit', [3], { exitCode: 3 }],
  ['exits with 0', 'exit', [0], { exitCode: 0 }],
  ['is killed', 'kill', ['SIGKILL'], { signal: 'SIGKILL' }],
  ['is terminated', 'kill', ['SIGTERM'], { signal: 'SIGTERM' }],
  ['segfaults', 'kill', ['SIGSEGV'], { signal: 'SIGSEGV' }],
  ['aborts', 'abort', [], { signal: 'SIGABRT' }],
])(
  'the running call rejects with ProcessExitError and queued calls run in order if the process %s',
  async (_, method, args, how) => {
    const broker = await startBroker();
    const pid = await broker.call('pid', []);
    const exited = exit(broker);
    const lost = caughtError(broker.call(method, args, { key: 'lost' }));
    const behind = [1, 2, 3].map((value) => broker.call('note', [value]));
    const error = await lost;
    expect(error).toMatchObject({ ...DIED, ...how, pid, key: 'lost', method });
    expect(error.message).toContain(`pid ${String(pid)}`);
    expect(await exited).toMatchObject({ pid, reason: 'crash', ...how });
    expect(await Promise.all(behind)).toEqual([1, 2, 3]);
    expect(await broker.call('seen', [])).toEqual([1, 2, 3]);
    expect(broker.state).toBe('ready');
  },
);

test('the error says that the process ran out of memory, and has the end of its stderr', async () => {
  const broker = await startBroker(undefined, { execArgv: ['--max-old-space-size=24'] });
  const error = await caughtError(broker.call('eatMemory', []));
  expect(error).toMatchObject(DIED);
  expect(error.message).toContain('out of memory');
  expect(error['stderr']).toContain('heap out of memory');
  expect(await broker.call('echo', [1])).toBe(1);
});

test('the error of a process ended by SIGKILL mentions that the kernel may have run out of memory', async () => {
  const broker = await startBroker();
  const error = await caughtError(broker.call('kill', ['SIGKILL']));
  expect(error.message).toContain(
    "was ended by SIGKILL (killed from outside, possibly by the kernel's OOM killer)",
  );
});

test('an uncaught error outside of calls is printed as Node prints it, and reported', async () => {
  const broker = await startBroker(
    temporaryModule(
      'export default class { late() { setTimeout(() => { throw new RangeError("too late"); }); } }',
    ),
  );
  const exited = exit(broker);
  await broker.call('late', []);
  const { reason, cause, stderr } = await exited;
  expect({ reason, cause }).toMatchObject({ reason: 'fatal', cause: expect.any(RangeError) });
  expect(stderr).toMatch(/^RangeError: too late\n {4}at /m);
});

test('the error has the last lines of stderr', async () => {
  const broker = await startBroker();
  await broker.call('print', ['first line\nlast words\n', 'stderr']);
  const error = await caughtError(broker.call('exit', [1]));
  expect(error['stderr']).toContain('last words');
});

test('calls that were sent but had not started run in the next process, in order and once', async () => {
  const broker = await startBroker();
  // After many quick calls, the broker sends calls ahead.
  for (let i = 0; i < 200; i += 1) await broker.call('echo', [i]);
  const trace = temporaryPath();
  const lost = caughtError(broker.call('kill', ['SIGKILL']));
  const behind = Array.from({ length: 100 }, (_, i) => broker.call('mark', [trace, `${i} `]));
  expect(await lost).toMatchObject(DIED);
  expect(await Promise.all(behind)).toHaveLength(100);
  expect(readFileSync(trace, 'utf8').trim().split(' ').map(Number)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test('a call gets its result if the process dies right after it wrote the result', async () => {
  const broker = await startBroker();
  for (let round = 0; round < 20; round += 1) {
    expect(await broker.call('answerThenDie', [round])).toBe(round);
    await exit(broker);
  }
});

test('a call gets its result even if the broker was blocked while the process died', async () => {
  const broker = await startBroker();
  for (let i = 0; i < 200; i += 1) await broker.call('echo', [i]);
  const pid = Number(await broker.call('pid', []));
  const exited = exit(broker);
  const answered = broker.call('answerThenDie', ['answer']);
  await new Promise<void>((resolve) => {
    process.nextTick(resolve);
  });
  blockUntil(() => !isAlive(pid));
  // The broker writes these to a process that is gone.
  const behind = [broker.call('echo', [1]), broker.call('echo', [2])];
  expect(await answered).toBe('answer');
  await exited;
  for (const call of behind) {
    const outcome = await call.catch((error: unknown) => error);
    expect([1, 2, expect.objectContaining(DIED)]).toContainEqual(outcome);
  }
});

test('a call runs in the next process if an idle process dies', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  const exited = exit(broker);
  process.kill(pid, 'SIGKILL');
  expect(await exited).toMatchObject({ pid, signal: 'SIGKILL', reason: 'crash' });
  await state(broker, 'ready');
  expect(await broker.call('pid', [])).not.toBe(pid);
});

test.each([
  ['one', 1],
  ['more calls than the process has places', 5],
])('calls that are written to a process that is gone run in the next one, in order: %s', async (_, count) => {
  const broker = await startBroker();
  const starts: unknown[] = [];
  for (let death = 0; death < 3; death += 1) {
    const pid = Number(await broker.call('pid', []));
    process.kill(pid, 'SIGKILL');
    // The broker does not learn of the death before it writes.
    blockUntil(() => hasClosedFiles(pid));
    const values = Array.from({ length: count }, (_, index) => `${death} ${index}`);
    const calls = values.map((value) => broker.submit('note', [value]));
    expect(await Promise.all(calls.map(({ result }) => result))).toEqual(values);
    expect(await broker.call('seen', [])).toEqual(values);
    starts.push(...calls.map(({ state }) => state));
  }
  expect(new Set(starts)).toEqual(new Set(['succeeded']));
});

test('a batch that is written to a process that is gone runs in the next one', async () => {
  const broker = await startBroker(fixture('batches.mjs'), {
    batch: { run: { method: 'runBatch', maxSize: 4, maxDelay: 0 } },
  });
  await broker.call('run', [{ value: 0 }]);
  const { pid = 0 } = broker.stats().processes[0] ?? {};
  process.kill(pid, 'SIGKILL');
  blockUntil(() => hasClosedFiles(pid));
  const calls = [1, 2, 3].map((value) => broker.call('run', [{ value }]));
  expect(await Promise.all(calls)).toHaveLength(3);
});

test('a call rejects if the process dies before it reads the call, because it may have started', async () => {
  const broker = await startBroker();
  const pid = Number(await broker.call('pid', []));
  process.kill(pid, 'SIGSTOP');
  const trace = temporaryPath();
  const lost = caughtError(broker.call('mark', [trace, 'x']));
  const behind = broker.call('echo', ['next']);
  setImmediate(() => process.kill(pid, 'SIGKILL'));
  expect(await lost).toMatchObject(DIED);
  expect(await behind).toBe('next');
  expect(existsSync(trace)).toBe(false);
});

test('queued calls run in the next process if a process dies during construction', async () => {
  const broker = makeBroker(fixture('slow-constructor.mjs'), { args: [300] });
  const pid = spawned(broker);
  const calls = [broker.call('constructed', []), broker.call('constructed', [])];
  process.kill(await pid, 'SIGKILL');
  expect(await Promise.all(calls)).toEqual([true, true]);
});

test('a call rejects with ProcessExitError if its large result was half written, and later calls run', async () => {
  const broker = await startBroker(fixture('half-a-result.mjs'));
  const pid = await broker.call('pid', []);
  const error = await caughtError(broker.call('dieWithinResult', [64 * 1024 * 1024]));
  expect(error).toMatchObject({ ...DIED, signal: 'SIGKILL', pid });
  expect(await broker.call('echo', ['next'])).toBe('next');
});

test('a grandchild that holds the output pipes open does not delay the exit', async () => {
  const broker = await startBroker(fixture('grandchild.mjs'));
  const grandchild = Number(await broker.call('start', []));
  const error = await caughtError(broker.call('die', []));
  expect(error).toMatchObject(DIED);
  expect(await broker.call('echo', [1])).toBe(1);
  if (isAlive(grandchild)) process.kill(grandchild, 'SIGKILL');
  await gone(grandchild);
});

test('the broker fails after too many crashes, callers get the reason, and start() tries again', async () => {
  const broker = await startBroker(undefined, { restart: { limit: 2 } });
  const failed = state(broker, 'failed');
  const lost = [1, 2, 3].map(() => caughtError(broker.call('exit', [1])));
  const behind = caughtError(broker.call('echo', [1]));
  for (const error of await Promise.all(lost)) expect(error).toMatchObject(DIED);
  await failed;
  expect(await behind).toMatchObject({ name: 'PipelineStartError', started: false });
  expect(await caughtError(broker.call('echo', [1]))).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  await broker.start();
  expect(await broker.call('echo', [1])).toBe(1);
});

test('calls submitted in exit and state listeners settle', async () => {
  const broker = await startBroker();
  const results: Promise<unknown>[] = [];
  broker.once('exit', () => results.push(broker.call('echo', ['on exit'])));
  const onState = (now: string): void => {
    results.push(broker.call('echo', [`on ${now}`]));
    if (now === 'ready') broker.off('state', onState);
  };
  broker.on('state', onState);
  await caughtError(broker.call('kill', ['SIGKILL']));
  await state(broker, 'ready');
  const settled = await Promise.all(results);
  expect(new Set(settled)).toEqual(new Set(['on restarting', 'on exit', 'on ready']));
});

test('queueTimeout applies to calls that were sent ahead to a process that died', async () => {
  const marker = temporaryPath();
  const broker = await startBroker(fixture('once.mjs'), { args: [marker] });
  for (let i = 0; i < 100; i += 1) await broker.call('echo', [i]);
  const lost = caughtError(broker.call('die', []));
  const behind = caughtError(broker.call('echo', [1], { queueTimeout: 300 }));
  expect(await lost).toMatchObject(DIED);
  expect(await behind).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT' });
  writeFileSync(`${marker}.go`, '');
  expect(await broker.call('echo', [2])).toBe(2);
});
