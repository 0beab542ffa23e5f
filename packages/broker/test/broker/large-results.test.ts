import { describe, expect, test } from '@jest/globals';

import { fixture, startBroker, type TestOptions } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { blockUntil } from '../support/processes.js';
import { readAll } from '../support/streams.js';

const start = (concurrency = 4, options: TestOptions = {}): ReturnType<typeof startBroker> =>
  startBroker(fixture('large-results.mjs'), { concurrency, sharedMemory: false, ...options });

/** Lets the pipe fill up: this process reads nothing for a while. */
function busy(ms: number): void {
  const end = performance.now() + ms;
  blockUntil(() => performance.now() > end);
}

/** The different values of the elements of a buffer. */
function valuesOf(buffer: unknown): unknown {
  if (!(buffer instanceof Uint8Array)) throw new TypeError('it is no Uint8Array');
  return [...new Set(buffer)];
}

describe('a large result arrives as it was when the method returned', () => {
  test('if the method changes it afterwards', async () => {
    const broker = await start(1);
    const result = broker.call('refilled', [7]);
    busy(100);
    expect(valuesOf(await result)).toEqual([7]);
  });

  test('if other calls compute into the same buffer', async () => {
    const broker = await start();
    const calls = [1, 2, 3, 4].map((value) => broker.call('shared', [value, value * 20]));
    busy(300);
    for (const [i, result] of (await Promise.all(calls)).entries()) {
      if (!Array.isArray(result)) throw new TypeError('it is no array');
      expect(result.map(valuesOf)).toEqual([[i + 1], [i + 1]]);
    }
  });

  test('if its WebAssembly memory is detached afterwards, and the process lives on', async () => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const calls = [5, 6].map((value) => broker.call('grown', [value]));
    busy(100);
    expect((await Promise.all(calls)).map(valuesOf)).toEqual([[5], [6]]);
    expect(await broker.call('pid', [])).toBe(pid);
  });

  test.each([false, undefined])(
    'if a listener of another call of its batch changes it (sharedMemory: %p)',
    async (sharedMemory) => {
      const broker = await start(1, { batch: { one: { method: 'all' } }, sharedMemory });
      const spinning = line(broker, 'spinning');
      const [cancelled, other] = [1, 2].map((value) => broker.submit('one', [value]));
      await spinning;
      cancelled?.cancel();
      await caughtError(cancelled?.result ?? Promise.resolve());
      expect(valuesOf(await other?.result)).toEqual([2]);
    },
  );

  test('if it belongs to an error of a stream', async () => {
    const broker = await start(1);
    for (let microtasks = 0; microtasks < 20; microtasks += 1) {
      const { error } = await readAll(broker.stream('failing', [microtasks]));
      const { value, bytes } = error as { readonly value: unknown; readonly bytes: unknown };
      expect(valuesOf(bytes)).toEqual([value]);
    }
  });

  test('if it is a chunk of a stream', async () => {
    const broker = await start();
    const seen: unknown[] = [];
    for await (const chunk of broker.stream('chunks', [20])) {
      seen.push(valuesOf(chunk));
      busy(3);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => [i + 1]));
  });
});
