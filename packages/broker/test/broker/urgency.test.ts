import { existsSync, writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { blockUntil } from '../support/processes.js';
import { temporaryPath } from '../support/temporary.js';

test('300 calls of five priorities start by priority, then in the order of their submission', async () => {
  const broker = makeBroker();
  const priorities = Array.from({ length: 300 }, (_, i) => (i * 7) % 5);
  await Promise.all(priorities.map((priority, i) => broker.call('note', [[priority, i]], { priority })));
  const seen = (await broker.call('seen', [])) as [number, number][];
  expect(seen).toEqual(seen.toSorted(([a, i], [b, j]) => b - a || i - j));
});

test('urgent calls without end do not starve a call of low priority', async () => {
  const broker = await startBroker();
  let starved = true;
  const low = broker.call('echo', ['low'], { priority: -1_000 }).then((value) => {
    starved = false;
    return value;
  });
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (starved) await broker.call('block', [1], { priority: 1_000 });
    }),
  );
  expect(await low).toBe('low');
});

test('a call whose queueTimeout is over does not start, even if the event loop was blocked meanwhile', async () => {
  const broker = await startBroker();
  const [gate, trace] = [temporaryPath(), temporaryPath()];
  const atGate = line(broker, 'at the gate');
  const running = broker.call('gate', [gate, 'through']);
  await atGate;
  const late = caughtError(broker.call('mark', [trace, 'x'], { queueTimeout: 50 }));
  const inTime = broker.call('echo', ['in time'], { queueTimeout: 3_600_000 });
  const since = performance.now();
  writeFileSync(gate, '');
  // The result arrives meanwhile. The event loop reads it before it runs any timer.
  blockUntil(() => performance.now() - since > 200);
  expect(await running).toBe('through');
  expect(await late).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT', started: false });
  expect(await inTime).toBe('in time');
  expect(existsSync(trace)).toBe(false);
});

test('20,000 waiting calls of many priorities and affinities are answered, except the cancelled ones', async () => {
  const broker = await startBroker(undefined, { processes: 2, maxQueue: 20_000 });
  const gates = [temporaryPath(), temporaryPath()];
  const blocked = gates.map((path) => broker.call('gate', [path]));
  const calls = Array.from({ length: 20_000 }, (_, i) =>
    broker.submit('echo', [i], {
      priority: i % 100,
      ...(i % 3 === 0 && { affinity: `session-${i % 1_000}` }),
    }),
  );
  for (const call of calls.slice(5_000, 10_000)) call.cancel();
  for (const path of gates) writeFileSync(path, '');
  const answers = await Promise.all(calls.map(({ result }) => result.catch(() => 'cancelled')));
  await Promise.all(blocked);
  expect(answers).toEqual(answers.map((_, i) => (i >= 5_000 && i < 10_000 ? 'cancelled' : i)));
  expect(broker.stats().queue).toEqual({ length: 0, bytes: 0 });
});

test('an urgent call starts next, although calls of other methods are short enough to be sent ahead', async () => {
  const broker = await startBroker();
  for (let i = 0; i < 300; i += 1) await broker.call('echo', [i]);
  await broker.call('block', [20]);
  const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
  const running = broker.submit('gate', [gate]);
  const long = Array.from({ length: 64 }, (_, i) => broker.call('block', [20, i]));
  await atTheGate;
  const urgent = broker.call('note', ['urgent'], { priority: 1 });
  writeFileSync(gate, '');
  await running.result;
  await urgent;
  expect(broker.stats().calls.queued).toBeGreaterThanOrEqual(62);
  await Promise.all(long);
});

test.each(['computeAtEnd', 'compute'])(
  'a call that was sent ahead of its turn does not start after its queueTimeout, behind %s',
  async (method) => {
    const broker = await startBroker(fixture('computing.mjs'));
    // Only calls whose methods have been quick are sent ahead. On a busy machine, that takes several rounds.
    let wasSent = false;
    while (!wasSent) {
      for (let i = 0; i < 50; i += 1) await broker.call(method, [0]);
      for (let i = 0; i < 50; i += 1) await broker.call('note', [i]);
      const computing = broker.submit(method, [400]);
      const late = await caughtError(broker.call('note', ['late'], { queueTimeout: 50 }));
      expect(late).toMatchObject({ code: 'ERR_DUAL_QUEUE_TIMEOUT' });
      wasSent = late['started'] === true;
      await computing.result;
    }
    expect(await broker.call('noted', [])).not.toContain('late');
  },
);
