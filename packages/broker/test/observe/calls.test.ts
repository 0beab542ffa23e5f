import { writeFileSync } from 'node:fs';

import type { Call, PipelineClient, UnknownPipeline } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { makeBroker, startBroker } from '../support/brokers.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

test('calls() lists the unsettled calls, with their state and the number of calls ahead', async () => {
  const broker = await startBroker();
  expect(broker.calls()).toEqual([]);
  const [gate, atTheGate] = [temporaryPath(), line(broker, 'at the gate')];
  const running = broker.submit('gate', [gate], { key: 'running' });
  await atTheGate;
  broker.submit('echo', [1], { key: 'first' });
  broker.submit('echo', [2], { key: 'second' });
  broker.submit('echo', [3], { key: 'urgent', priority: 5 });
  const list = (): unknown => broker.calls().map(({ key, state, position }) => [key, state, position]);
  expect(list()).toEqual([
    ['running', 'running', 0],
    ['first', 'queued', 1],
    ['second', 'queued', 2],
    ['urgent', 'queued', 0],
  ]);
  broker.get('first')?.cancel();
  expect(list()).toEqual([
    ['running', 'running', 0],
    ['second', 'queued', 1],
    ['urgent', 'queued', 0],
  ]);
  writeFileSync(gate, '');
  await Promise.all([running.result, ...broker.calls().map(({ result }) => result)]);
  expect(broker.calls()).toEqual([]);
  expect(broker.get('second')).toMatchObject({ state: 'succeeded', position: 0 });
});

test('calls that were sent ahead to a process are ahead of every waiting call', async () => {
  const broker = await startBroker();
  // Short calls let the broker send others ahead.
  await Promise.all(Array.from({ length: 200 }, (_, i) => broker.call('echo', [i])));
  const gate = temporaryPath();
  const atTheGate = line(broker, 'at the gate');
  const calls = [broker.submit('gate', [gate]), broker.submit('echo', [1])];
  const many = Array.from({ length: 200 }, (_, i) => broker.submit('echo', [i]));
  const urgent = broker.submit('echo', [2], { priority: 1 });
  await atTheGate;
  const sent = calls.length - 1 + many.length - broker.stats().queue.length + 1;
  expect(urgent.position).toBe(sent);
  expect(many.at(-1)?.position).toBe(many.length + 1);
  writeFileSync(gate, '');
  await Promise.all([...calls, ...many, urgent].map(({ result }) => result));
});

test('a list of all queued calls has their positions', () => {
  const broker = makeBroker();
  const calls = Array.from({ length: 1_000 }, (_, i) => broker.submit('echo', [i], { priority: i % 2 }));
  const ahead = (i: number): number => (i % 2 === 1 ? 0 : 500) + Math.floor(i / 2);
  expect(broker.calls().map(({ position }) => position)).toEqual(calls.map((_, i) => ahead(i)));
});

test('the event settle tells of every call that settles, in order, with its error', async () => {
  const broker = await startBroker();
  const settled: [Call, unknown][] = [];
  broker.on('settle', (call, error) => {
    settled.push([call, error]);
  });
  const good = broker.submit('echo', [1]);
  const bad = broker.submit('fail', ['on purpose']);
  const cancelled = broker.submit('echo', [2]);
  cancelled.cancel();
  await Promise.allSettled([good.result, bad.result]);
  await broker.call('echo', [3]);
  expect(settled.map(([{ state }]) => state)).toEqual(['cancelled', 'succeeded', 'failed', 'succeeded']);
  expect(settled.slice(0, 3).map(([call]) => call)).toEqual([cancelled, good, bad]);
  expect(settled.map(([, error]) => error)).toEqual([
    expect.objectContaining({ code: 'ERR_DUAL_CALL_CANCELLED' }),
    undefined,
    expect.objectContaining({ message: 'on purpose' }),
    undefined,
  ]);
});

test('health, metrics and pages can be written for any PipelineClient', async () => {
  const client: PipelineClient<UnknownPipeline> = makeBroker();
  const states: string[] = [];
  client.on('state', (now) => states.push(now));
  expect(client.state).toBe('idle');
  await client.call('echo', [1]);
  expect(client.stats()).toMatchObject({ state: 'ready', calls: { succeeded: 1 }, queue: { length: 0 } });
  await client.drain();
  await client.close();
  expect(states).toEqual(['starting', 'ready', 'draining', 'closed']);
});
