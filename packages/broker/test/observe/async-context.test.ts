import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

import type { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const storage = new AsyncLocalStorage<string>();

/** The async context in which each caller continues after its call. */
function goingOn(
  callers: readonly string[],
  call: (caller: string) => PromiseLike<unknown>,
): Promise<(string | undefined)[]> {
  return Promise.all(
    callers.map((caller) =>
      storage.run(caller, async () => {
        await Promise.resolve(call(caller)).catch(() => undefined);
        return storage.getStore();
      }),
    ),
  );
}

const CALLERS = ['alice', 'bob', 'carol'];

describe('a caller continues in its own async context', () => {
  test('after a call', async () => {
    const broker = makeBroker();
    expect(await goingOn(CALLERS, (caller) => broker.call('echo', [caller]))).toEqual(CALLERS);
    const later = (value: string): Promise<unknown> => broker.call('later', [value]);
    expect(await goingOn(CALLERS, later)).toEqual(CALLERS);
  });

  test('after a call that was sent when another call was answered', async () => {
    const broker = await startBroker();
    const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
    const first = storage.run('first', () => broker.call('gate', [gate]));
    await atTheGate;
    const others = goingOn(CALLERS, (caller) => broker.call('echo', [caller]));
    expect(broker.stats().queue.length).toBe(CALLERS.length);
    writeFileSync(gate, '');
    await first;
    expect(await others).toEqual(CALLERS);
  });

  test('in the callbacks of a result', async () => {
    const broker = makeBroker();
    const call = storage.run('alice', () => broker.submit('echo', [1]));
    const seen = storage.run('bob', () => call.result.then(() => storage.getStore()));
    expect(await seen).toBe('bob');
  });

  test('after a call that several callers share by its key', async () => {
    const broker = makeBroker();
    expect(await goingOn(CALLERS, () => broker.call('echo', [1], { key: 'shared' }))).toEqual(CALLERS);
  });

  test('after a failure, after a crash, and after a retry', async () => {
    const broker = await startBroker();
    expect(await goingOn(CALLERS, (caller) => broker.call('fail', [caller]))).toEqual(CALLERS);
    expect(await goingOn(CALLERS, () => broker.call('kill', ['SIGKILL']))).toEqual(CALLERS);
    const again = (): Promise<unknown> => broker.call('dieAtFirst', [temporaryPath(), 1], { retries: 1 });
    expect(await goingOn(CALLERS, again)).toEqual(CALLERS);
  });

  test('after a timeout, and after another context has aborted the signal', async () => {
    const broker = await startBroker();
    const late = (): Promise<unknown> => broker.call('heedful', [], { timeout: 5 });
    expect(await goingOn(CALLERS, late)).toEqual(CALLERS);
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = goingOn(CALLERS, () => broker.call('hang', [], { signal }));
    const shared = goingOn(CALLERS, () => broker.call('hang', [], { signal, key: 'shared' }));
    storage.run('another context', () => {
      controller.abort();
    });
    expect(await aborted).toEqual(CALLERS);
    expect(await shared).toEqual(CALLERS);
  });

  test('while it reads a stream, in onProgress, and after the stream', async () => {
    const broker = await startBroker(fixture('streams.mjs'));
    const read = async (caller: string): Promise<unknown> => {
      const heard: unknown[] = [];
      const onProgress = (value: unknown): void => void heard.push([value, storage.getStore()]);
      const chunks: unknown[] = [];
      for await (const chunk of broker.stream('reporting', [3], { onProgress }))
        chunks.push([chunk, storage.getStore()]);
      const mine = [0, 1, 2].map((value) => [value, caller]);
      expect(chunks).toEqual(mine);
      expect(heard).toEqual(mine);
      return storage.getStore();
    };
    const after = CALLERS.map((caller) => storage.run(caller, read, caller));
    expect(await Promise.all(after)).toEqual(CALLERS);
  });

  test('after start, ready, drain and close', async () => {
    const broker = makeBroker();
    expect(await goingOn(CALLERS, () => broker.start())).toEqual(CALLERS);
    expect(await goingOn(CALLERS, () => broker.ready())).toEqual(CALLERS);
    expect(await goingOn(CALLERS, () => broker.drain())).toEqual(CALLERS);
    expect(await goingOn(CALLERS, () => broker.close())).toEqual(CALLERS);
  });
});

describe('the broker uses the async context in which it was constructed', () => {
  /** A broker constructed in the context `maker`. The first caller starts it. */
  function brokerOf(maker: string): Broker {
    return storage.run(maker, () => makeBroker());
  }

  test.each(['spawn', 'state', 'output'])('for the event %s', async (event) => {
    const broker = brokerOf('maker');
    const seen: unknown[] = [];
    broker.on(event as 'state', () => seen.push(storage.getStore())); // the listener ignores its arguments
    await storage.run('alice', () => broker.call('print', ['line\n']));
    if (seen.length === 0) await once(broker, event);
    expect(new Set(seen)).toEqual(new Set(['maker']));
  });

  test('for the event exit of each process, regardless of which caller ended it', async () => {
    const broker = brokerOf('maker');
    const seen: unknown[] = [];
    broker.on('exit', () => seen.push(storage.getStore()));
    for (const caller of ['alice', 'bob']) {
      const gone = once(broker, 'exit');
      await storage.run(caller, () => caughtError(broker.call('kill', ['SIGKILL'])));
      await gone;
    }
    expect(seen).toEqual(['maker', 'maker']);
  });

  test('for the output function', async () => {
    const seen: unknown[] = [];
    const output = (): void => void seen.push(storage.getStore());
    const broker = storage.run('maker', () => makeBroker(undefined, { output }));
    const told = line(broker, 'line');
    await storage.run('alice', () => broker.call('print', ['line\n']));
    await told;
    expect(seen).toEqual(['maker']);
  });
});
