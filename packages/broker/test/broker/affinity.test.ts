import { writeFileSync } from 'node:fs';

import type { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

interface Blocked {
  readonly pid: Promise<unknown>;
  readonly open: () => void;
}

/** Blocks the process of this affinity until `open` is called. */
async function block(broker: Broker, affinity: string): Promise<Blocked> {
  const path = temporaryPath();
  const atGate = line(broker, 'at the gate');
  const blocked = broker.call('gate', [path], { affinity });
  await atGate;
  return {
    pid: blocked.then(() => broker.call('pid', [], { affinity })),
    open: () => {
      writeFileSync(path, '');
    },
  };
}

test('runs all calls with the same affinity in one process, for more affinities than processes', async () => {
  const broker = await startBroker(undefined, { processes: 3 });
  const affinities = Array.from({ length: 20 }, (_, i) => `session-${i}`);
  const pids = await Promise.all(
    affinities.map((affinity) =>
      Promise.all(Array.from({ length: 10 }, () => broker.call('pid', [], { affinity }))),
    ),
  );
  for (const ofOne of pids) expect(new Set(ofOne).size).toBe(1);
  expect(new Set(pids.flat()).size).toBeGreaterThan(1);
});

test('a call waits for the busy process of its affinity, and later calls overtake it', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const blocked = await block(broker, 'mine');
  const mine = broker.submit('pid', [], { affinity: 'mine' });
  const others = await Promise.all([
    broker.call('pid', []),
    broker.call('pid', [], { affinity: 'other' }),
    broker.call('pid', []),
  ]);
  expect(new Set(others).size).toBe(1);
  expect(mine.state).toBe('queued');
  blocked.open();
  expect(await mine.result).toBe(await blocked.pid);
  expect(others).not.toContain(await mine.result);
});

test('calls with the same affinity start by priority, then in the order of submission', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const blocked = await block(broker, 'mine');
  const results = [
    broker.call('note', ['first'], { affinity: 'mine' }),
    broker.call('note', ['second'], { affinity: 'mine' }),
    broker.call('note', ['urgent'], { affinity: 'mine', priority: 1 }),
  ];
  blocked.open();
  await Promise.all(results);
  expect(await broker.call('seen', [], { affinity: 'mine' })).toEqual(['urgent', 'first', 'second']);
});

test('an affinity moves to another process when its process dies, together with its waiting calls', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const before = await broker.call('pid', [], { affinity: 'mine' });
  const lost = caughtError(broker.call('kill', ['SIGKILL'], { affinity: 'mine' }));
  const behind = [1, 2, 3].map(() => broker.call('pid', [], { affinity: 'mine' }));
  expect(await lost).toMatchObject({ name: 'ProcessExitError' });
  const pids = new Set(await Promise.all(behind));
  expect(pids.size).toBe(1);
  expect(pids).not.toContain(before);
});

test('cancelling the first waiting call of an affinity lets the next one start', async () => {
  const broker = await startBroker(undefined, { processes: 2 });
  const blocked = await block(broker, 'mine');
  const [one, other] = [1, 2].map((value) => broker.submit('echo', [value], { affinity: 'mine' }));
  one?.cancel();
  blocked.open();
  expect(await other?.result).toBe(2);
  await blocked.pid;
});

test('consecutive calls with the same affinity form a batch, and keep their order', async () => {
  const batch = { run: { method: 'runBatch', maxDelay: Infinity } };
  const broker = await startBroker(fixture('batches.mjs'), { processes: 2, batch });
  const path = temporaryPath();
  const blocking = line(broker, 'blocking');
  const affinity = 'mine';
  const blocked = broker.call('block', [path], { affinity });
  await blocking;
  const results = [1, 2].map((value) => broker.call('run', [{ value }], { affinity }));
  const between = broker.call('batches', [], { affinity });
  const last = broker.call('run', [{ value: 3 }], { affinity });
  writeFileSync(path, '');
  expect(await Promise.all(results)).toEqual([1, 2]);
  expect(await between).toEqual([[1, 2]]);
  expect(await last).toBe(3);
  await blocked;
});

test('with a single process, calls of all affinities start in the order of submission', async () => {
  const broker = await startBroker();
  const values = Array.from({ length: 100 }, (_, i) => i);
  const results = values.map((i) => broker.call('note', [i], { affinity: `session-${i % 7}` }));
  await Promise.all(results);
  expect(await broker.call('seen', [])).toEqual(values);
});
