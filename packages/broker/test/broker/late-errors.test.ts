import { writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

const start = (...args: unknown[]): ReturnType<typeof startBroker> =>
  startBroker(fixture('late-errors.mjs'), { args });

test.each(['timer', 'immediate', 'nextTick', 'microtask', 'rejection', 'late rejection', 'error event'])(
  'an uncaught error (%s) during a call rejects that call, and the process goes on',
  async (way) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    expect(await caughtError(broker.call('raise', [way]))).toMatchObject({
      name: 'RangeError',
      message: `of ${way}`,
    });
    expect(await broker.call('pid', [])).toBe(pid);
  },
);

test('the first of two uncaught errors rejects the call, and the process goes on', async () => {
  const broker = await start();
  const pid = await broker.call('pid', []);
  expect(await caughtError(broker.call('raiseTwice', []))).toMatchObject({ message: 'first' });
  expect(await broker.call('pid', [])).toBe(pid);
});

test.each(['timer', 'rejection'])(
  'an uncaught error (%s) after its call ends the process, and the next call runs in a new one',
  async (way) => {
    const broker = await start();
    const pid = await broker.call('pid', []);
    const exited = exit(broker);
    const path = temporaryPath();
    expect(await broker.call('raiseLater', [way, path])).toBe('soon');
    writeFileSync(path, '');
    expect(await exited).toMatchObject({
      pid,
      reason: 'fatal',
      exitCode: 1,
      cause: { message: `of ${way}` },
    });
    expect(await broker.call('pid', [])).not.toBe(pid);
  },
);

test.each(['timer', 'rejection', 'error event'])(
  'an uncaught error (%s) of an ended call ends the process, and the running call rejects with ProcessExitError',
  async (way) => {
    const broker = await start();
    const exited = exit(broker);
    const path = temporaryPath();
    await broker.call('raiseLater', [way, path]);
    const running = line(broker, 'running');
    const lost = caughtError(broker.call('run', [temporaryPath()]));
    const behind = broker.call('echo', ['next']);
    await running;
    writeFileSync(path, '');
    const cause = { name: 'RangeError', message: `of ${way}` };
    expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', started: true, method: 'run', cause });
    expect(await exited).toMatchObject({ reason: 'fatal', cause });
    expect(await behind).toBe('next');
  },
);

test('an uncaught error of the constructor ends the process, and the running call rejects with ProcessExitError', async () => {
  const path = temporaryPath();
  const broker = await start(path);
  const exited = exit(broker);
  const running = line(broker, 'running');
  const lost = caughtError(broker.call('run', [temporaryPath()]));
  await running;
  writeFileSync(path, '');
  const cause = { message: 'of the constructor' };
  expect(await lost).toMatchObject({ code: 'ERR_DUAL_PROCESS_EXIT', started: true, cause });
  expect(await exited).toMatchObject({ reason: 'fatal', cause });
});
