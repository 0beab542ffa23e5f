import { Broker } from '@dual/broker';
import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { exit, spawned } from '../support/events.js';
import { isAlive } from '../support/processes.js';

test('a new broker spawns no process until it is started', async () => {
  const broker = makeBroker();
  expect(broker.state).toBe('idle');
  const pid = spawned(broker);
  const started = broker.start();
  expect(broker.state).toBe('starting');
  await started;
  expect(broker.state).toBe('ready');
  expect(isAlive(await pid)).toBe(true);
});

test('the first call starts the broker', async () => {
  const broker = makeBroker();
  expect(await broker.call('echo', [1])).toBe(1);
  expect(broker.state).toBe('ready');
});

test('calls submitted before the broker is ready run in order once it is', async () => {
  const broker = makeBroker();
  const results = [broker.call('note', [1]), broker.call('note', [2]), broker.call('note', [3])];
  expect(await Promise.all(results)).toEqual([1, 2, 3]);
  expect(await broker.call('seen', [])).toEqual([1, 2, 3]);
});

test('Broker.start() resolves only after the constructor has returned', async () => {
  const broker = await Broker.start(fixture('slow-constructor.mjs'), { args: [100], output: 'ignore' });
  expect(broker.state).toBe('ready');
  expect(await broker.call('constructed', [])).toBe(true);
  await broker.close();
});

test('repeated calls of start() spawn only one process', async () => {
  const broker = makeBroker();
  let spawns = 0;
  broker.on('spawn', () => (spawns += 1));
  await Promise.all([broker.start(), broker.start()]);
  await broker.start();
  await broker.call('pid', []);
  expect(spawns).toBe(1);
});

test('the pipeline gets its arguments, including typed arrays', async () => {
  const broker = await startBroker(undefined, {
    args: ['weights', new Float32Array([1.5, 2]), { deep: [1n] }],
  });
  expect(await broker.call('constructedWith', [])).toEqual([
    'weights',
    new Float32Array([1.5, 2]),
    { deep: [1n] },
  ]);
});

test('emits the states in order, and the exit', async () => {
  const broker = makeBroker();
  const states: string[] = [];
  broker.on('state', (state, previous) => states.push(`${previous}>${state}`));
  const exited = exit(broker);
  await broker.start();
  await broker.close();
  expect(await exited).toMatchObject({ exitCode: 0, signal: undefined, reason: 'requested' });
  expect(states).toEqual(['idle>starting', 'starting>ready', 'ready>draining', 'draining>closed']);
});

test('env, cwd and execArgv reach the child', async () => {
  process.env['DUAL_TEST_REMOVED'] = 'here';
  const broker = await startBroker(undefined, {
    env: { DUAL_TEST_ADDED: 'there', DUAL_TEST_REMOVED: undefined },
    cwd: '/',
    execArgv: ['--stack-trace-limit=33'],
  });
  delete process.env['DUAL_TEST_REMOVED'];
  expect(await broker.call('environment', ['DUAL_TEST_ADDED'])).toBe('there');
  expect(await broker.call('environment', ['DUAL_TEST_REMOVED'])).toBeUndefined();
  expect(await broker.call('cwd', [])).toBe('/');
  expect(await broker.call('execArgv', [])).toEqual(['--stack-trace-limit=33']);
});

test('twenty brokers run at once, each with its own pipeline', async () => {
  const brokers = Array.from({ length: 20 }, (_, i) => makeBroker(undefined, { args: [i] }));
  const answers = await Promise.all(brokers.map((broker) => broker.call('constructedWith', [])));
  expect(answers).toEqual(brokers.map((_, i) => [i]));
});
