import { ProcessExitError, QueueFullError } from '@dual/broker';
import { inProcess } from '@dual/broker/testing';
import { expect, test } from '@jest/globals';

import { caughtError } from '../support/errors.js';

class Pipeline {
  closed = false;
  runs = 0;

  add(a: number, b: number): number {
    this.runs += 1;
    return a + b;
  }

  *upTo(to: number): Generator<number> {
    for (let i = 0; i < to; i += 1) yield i;
  }

  [Symbol.dispose](): void {
    this.closed = true;
  }
}

test('runs the given instance in this process, typed', async () => {
  const pipeline = new Pipeline();
  await using client = inProcess(pipeline);
  const sum: number = await client.pipeline.add(1, 2);
  expect(sum).toBe(3);
  expect(pipeline.runs).toBe(1);
  const chunks: number[] = [];
  for await (const chunk of client.stream('upTo', [3])) chunks.push(chunk);
  expect(chunks).toEqual([0, 1, 2]);
});

test('failNext() fails the next call with the error, and the method does not run', async () => {
  const pipeline = new Pipeline();
  const client = inProcess(pipeline);
  const exit = new ProcessExitError('the process was ended by SIGKILL', { signal: 'SIGKILL' });
  client.failNext(exit);
  client.failNext(new TypeError('of the pipeline'));
  expect(await caughtError(client.call('add', [1, 2]))).toBe(exit);
  const second = await caughtError(client.call('add', [1, 2]));
  expect(second).toBeInstanceOf(TypeError);
  expect(pipeline.runs).toBe(0);
  expect(await client.call('add', [1, 2])).toBe(3);
  expect(client.stats().calls).toMatchObject({ succeeded: 1, failed: 2 });
});

test('after a ProcessExitError a call with retries runs again', async () => {
  const client = inProcess(new Pipeline());
  client.failNext(new ProcessExitError('crashed'));
  expect(await client.call('add', [1, 2], { retries: 1 })).toBe(3);
  client.failNext(new QueueFullError('full', 10));
  expect(await caughtError(client.call('add', [1, 2], { retries: 1 }))).toMatchObject({ retryAfter: 10 });
});

test('failNext() fails a stream before its first chunk', async () => {
  const client = inProcess(new Pipeline());
  client.failNext(new ProcessExitError('crashed'));
  const reader = client.stream('upTo', [3])[Symbol.asyncIterator]();
  expect(await caughtError(reader.next())).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT' });
});

test('close() lets the pipeline clean up', async () => {
  const pipeline = new Pipeline();
  const client = inProcess(pipeline);
  await client.close();
  expect(pipeline.closed).toBe(true);
});

test('close() resolves if the pipeline cannot clean up, and the error is printed', async () => {
  const error = new Error('cannot clean up');
  const printed: unknown[] = [];
  const { error: print } = console;
  console.error = (...values: unknown[]) => void printed.push(...values);
  try {
    const client = inProcess({
      close: () => {
        throw error;
      },
    });
    await client.close();
    expect(client.state).toBe('closed');
  } finally {
    console.error = print;
  }
  expect(printed).toEqual([error]);
});

test('options that concern processes are refused', () => {
  const options: object = { processes: 2 };
  expect(() => inProcess(new Pipeline(), options)).toThrow(/inProcess takes no option processes/);
});

test.each<[string, unknown, string]>([
  ['a class', Pipeline, 'give inProcess(new Pipeline())'],
  [
    'a class with static properties',
    class Counter {
      static readonly first = 1;
      next(): number {
        return 2;
      }
    },
    'give inProcess(new Counter())',
  ],
  [
    'a factory',
    function makePipeline() {
      return new Pipeline();
    },
    'give inProcess(makePipeline())',
  ],
  ['a promise', Promise.resolve(new Pipeline()), 'give what it resolves to'],
  ['a number', 5, 'not 5'],
  ['nothing', undefined, 'not undefined'],
])('says what to give instead of %s', (_, given, message) => {
  const act = () => inProcess(given as object);
  expect(act).toThrow(expect.objectContaining({ name: 'InvalidOptionError', option: 'pipeline' }));
  expect(act).toThrow(message);
});

test('failNext() needs an error, and unknown options suggest the nearest name', () => {
  const client = inProcess(new Pipeline());
  expect(() => {
    client.failNext(undefined);
  }).toThrow(/needs the error/);
  expect(() => inProcess(new Pipeline(), { timeouts: 5 } as object)).toThrow(/did you mean timeout\?/);
});
