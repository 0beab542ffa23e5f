import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { blockUntil } from '../support/processes.js';
import { readAll } from '../support/streams.js';

const start = (): ReturnType<typeof startBroker> =>
  startBroker(fixture('foreign-bytes.mjs'), { sharedMemory: false });

/** Lets the pipe fill up: this process reads nothing for a while. */
function busy(): void {
  const end = performance.now() + 50;
  blockUntil(() => performance.now() > end);
}

describe.each([
  ['a byte', 'x'],
  ['a long text', 'a longer text '.repeat(5_000)],
])('%s that user code in the child writes into a frame', (_, foreign) => {
  test.each(['bytes', 'text', 'wideText', 'map', 'error', 'progress'])(
    'ends the call with ProtocolError: %s',
    async (method) => {
      const broker = await start();
      const seen: unknown[] = [];
      const call = caughtError(broker.call(method, [foreign], { onProgress: (value) => seen.push(value) }));
      await new Promise(setImmediate);
      busy();
      expect(await call).toMatchObject({ code: 'ERR_DUAL_PROTOCOL', started: true });
      expect(seen).toEqual([]);
      expect(await broker.call('pid', [])).toEqual(expect.any(Number));
    },
  );

  test('ends the stream with ProtocolError', async () => {
    const broker = await start();
    const read = readAll(broker.stream('chunk', [foreign]));
    await new Promise(setImmediate);
    busy();
    const { chunks, error } = await read;
    expect(error).toMatchObject({ code: 'ERR_DUAL_PROTOCOL', started: true });
    expect(chunks).toEqual([]);
  });
});

/** The descriptor of the pipe to the only child that `run` starts. */
async function pipeToChild(run: () => Promise<unknown>): Promise<number> {
  let spawned: unknown;
  const onSpawn = (message: unknown): void => {
    spawned = message;
  };
  subscribe('child_process', onSpawn);
  await run();
  unsubscribe('child_process', onSpawn);
  const fd = ['process', 'stdio', '5', '_handle', 'fd'].reduce<unknown>(
    (part, name) => (typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined),
    spawned,
  );
  if (typeof fd === 'number') return fd;
  throw new TypeError('the child has no such pipe');
}

test("a byte that code in the broker's process writes into an argument ends the child", async () => {
  const broker = makeBroker(fixture('foreign-bytes.mjs'), { sharedMemory: false });
  const fd = await pipeToChild(() => broker.start());
  const call = caughtError(broker.call('length', ['a'.repeat(20_000_000)]));
  await new Promise(setImmediate);
  blockUntil(() => {
    try {
      return writeSync(fd, 'x') > 0;
    } catch {
      return false; // the pipe is full
    }
  });
  expect(await call).toMatchObject({
    code: 'ERR_DUAL_PROCESS_EXIT',
    stderr: expect.stringContaining('foreign bytes'),
  });
  expect(await broker.call('pid', [])).toEqual(expect.any(Number));
});
