import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

import type { Broker, Call } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { runProgram } from '../support/programs.js';
import { temporaryPath } from '../support/temporary.js';

const start = (options?: TestOptions): Promise<Broker> => startBroker(fixture('progress.mjs'), options);

/** All values that one reader sees until the call settles. */
async function read(call: Call): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of call.progress) values.push(value);
  return values;
}

describe.each(['blocking', 'waiting'])('a method that reports progress (%s)', (method) => {
  test('calls onProgress while it runs, and the last value arrives before the result', async () => {
    const broker = await start();
    const steps = ['a', 'b', 'c'].map((value) => [value, temporaryPath()] as const);
    const told: unknown[] = [];
    const result = broker
      .call(method, steps, {
        onProgress: (value) => {
          told.push(value);
          // The method waits for this file, so the value arrives while the method runs.
          const [, path = ''] = steps.find(([step]) => step === value) ?? [];
          writeFileSync(path, '');
        },
      })
      .then(() => [...told]);
    expect(await result).toEqual(['a', 'b', 'c']);
    expect(told).toEqual(['a', 'b', 'c']);
  });

  test('has several readers, a late one starts with the latest value, and all end with the call', async () => {
    const broker = await start();
    const steps = ['a', 'b'].map((value) => [value, temporaryPath()] as const);
    const call = broker.submit(method, steps);
    const early = [read(call), read(call)];
    for (const [step, path] of steps) {
      for await (const value of call.progress) if (value === step) break;
      expect(call.progress.latest).toBe(step);
      if (step === 'b') early.push(read(call));
      writeFileSync(path, '');
    }
    expect(await Promise.all(early)).toEqual([['a', 'b'], ['a', 'b'], ['b']]);
    expect(await call.result).toBe('done');
  });
});

test.each(['chatty', 'chattyLater'])(
  'a flood of reports (%s) is thinned out, but arrives in order and with its last value',
  async (method) => {
    const broker = await start();
    const told: unknown[] = [];
    const count = 100_000;
    await broker.call(method, [count], { onProgress: (value) => told.push(value) });
    expect(told[0]).toBe(1);
    expect(told.at(-1)).toBe(count);
    expect(told.length).toBeLessThan(count / 10);
    expect(told).toEqual([...told].sort((a, b) => Number(a) - Number(b)));
  },
);

test('the latest value is kept with a finished call, like its result', async () => {
  const broker = await start();
  const call = broker.submit('chatty', [3], { key: 'k' });
  await call.result;
  const kept = broker.get('k');
  expect(kept?.progress.latest).toBe(3);
  expect(kept && (await read(kept))).toEqual([3]);
});

test('the latest value counts towards keep.bytes', async () => {
  const broker = await start({ keep: { bytes: 1_000 } });
  await broker.submit('reuse', [900], { key: 'first' }).result;
  expect(broker.get('first')?.progress.latest).toEqual(new Uint8Array(900).fill(3));
  await broker.submit('reuse', [900], { key: 'second' }).result;
  expect(broker.get('second')).toBeDefined();
  expect(broker.get('first')).toBeUndefined();
});

test('readers end with a call that fails or reports nothing', async () => {
  const broker = await start();
  const failing = broker.submit('fail', []);
  expect(await read(failing)).toEqual(['almost']);
  expect(await caughtError(failing.result)).toMatchObject({ name: 'RangeError' });
  const silent = broker.submit('afterLate', []);
  expect(await read(silent)).toEqual([]);
  expect(silent.progress.latest).toBeUndefined();
  expect(await read(silent)).toEqual([]);
});

test('a value that was reported before the process died arrives', async () => {
  const broker = await start();
  const call = broker.submit('dieAfter', ['last words']);
  expect(await read(call)).toEqual(['last words']);
  expect(await caughtError(call.result)).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
});

test('a caller who joins a call gets the latest value and all later ones, until it leaves', async () => {
  const broker = await start();
  const steps = ['a', 'b'].map((value) => [value, temporaryPath()] as const);
  const [first, second, gone]: [unknown[], unknown[], unknown[]] = [[], [], []];
  const call = broker.submit('blocking', steps, { key: 'k', onProgress: (value) => first.push(value) });
  for await (const value of call.progress) if (value === 'a') break;
  const controller = new AbortController();
  const joined = [
    broker.call('blocking', steps, { key: 'k', onProgress: (value) => second.push(value) }),
    broker.call('blocking', steps, {
      key: 'k',
      signal: controller.signal,
      onProgress: (value) => gone.push(value),
    }),
  ];
  await Promise.resolve();
  controller.abort();
  for (const [, path] of steps) writeFileSync(path, '');
  await Promise.allSettled(joined);
  expect([first, second, gone]).toEqual([['a', 'b'], ['a', 'b'], ['a']]);
});

test('onProgress runs in the async context of its caller', async () => {
  const broker = await start();
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const listen = (name: string): Promise<unknown> =>
    storage.run(name, () =>
      broker.call('chatty', [1], { onProgress: () => seen.push([name, storage.getStore()]) }),
    );
  await Promise.all([listen('one'), listen('two')]);
  expect(seen).toEqual([
    ['one', 'one'],
    ['two', 'two'],
  ]);
});

test('progress() throws a SerializationError with the path if its value cannot be serialized', async () => {
  const broker = await start({ maxMessageBytes: 100_000 });
  expect(await broker.call('reportFunction', [])).toEqual([
    'SerializationError',
    'ERR_DUAL_SERIALIZATION',
    'progress.model.predict',
  ]);
  const error = await caughtError(broker.call('tooLong', [100_001]));
  expect(error).toMatchObject({ name: 'SerializationError', path: 'progress' });
  expect(error.message).toContain('maxMessageBytes (100000)');
});

test('a value arrives as it was when it was reported', async () => {
  const broker = await start();
  const told: unknown[] = [];
  const length = 2_000_000;
  await broker.call('reuse', [length], { onProgress: (value) => told.push(value) });
  const seen = told.map((bytes) => [...new Set(bytes as Uint8Array)]);
  // The second value may arrive, or the third may replace it while it waits for the pipe.
  expect(seen.filter(([value]) => value !== 2)).toEqual([[1], [3]]);
});

test('a value that is reported after the result is ignored', async () => {
  const broker = await start();
  const told: unknown[] = [];
  await broker.call('reportLate', [], { onProgress: (value) => told.push(value) });
  expect(await broker.call('afterLate', [])).toBe('lived on');
  expect(told).toEqual([]);
});

test('a value that is reported after its call was cancelled is ignored', async () => {
  const broker = await start();
  const paths = [temporaryPath(), temporaryPath()];
  const call = broker.submit('blocking', [
    ['a', paths[0]],
    ['b', paths[1]],
  ]);
  for await (const value of call.progress) if (value === 'a') break;
  call.cancel();
  for (const path of paths) writeFileSync(path, '');
  await broker.call('chatty', [1]);
  expect(call.progress.latest).toBe('a');
  expect(await read(call)).toEqual(['a']);
});

test('an error that onProgress throws is an uncaught exception, and disturbs no call', async () => {
  const program = runProgram('progress.mjs');
  await once(program.process, 'close');
  expect(await program.ended).toMatchObject({
    stdout: 'uncaught: thrown by onProgress\nresult: done\nnext: done\n',
    exitCode: 0,
  });
});

test('a call whose onProgress is no function is rejected', async () => {
  const broker = await start();
  const onProgress = 'tell me' as never;
  expect(await caughtError(broker.call('chatty', [1], { onProgress }))).toMatchObject({
    option: 'onProgress',
  });
});
