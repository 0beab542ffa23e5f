import { writeFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { makeBroker, startBroker } from '../support/brokers.js';
import { line } from '../support/events.js';
import { temporaryPath } from '../support/temporary.js';

test('10,000 calls start and end in the order of their submission', async () => {
  const broker = makeBroker();
  const ended: number[] = [];
  const all = Array.from({ length: 10_000 }, async (_, i) => {
    ended.push(Number(await broker.call('note', [i])));
  });
  await Promise.all(all);
  const inOrder = Array.from({ length: 10_000 }, (_, i) => i);
  expect(ended).toEqual(inOrder);
  expect(await broker.call('seen', [])).toEqual(inOrder);
});

test('calls run one at a time, even asynchronous ones', async () => {
  const broker = await startBroker();
  const path = temporaryPath();
  const atGate = line(broker, 'at the gate');
  const slow = broker.submit('softGate', [path, 'slow']);
  const quick = broker.submit('echo', ['quick']);
  await atGate;
  expect([slow.state, quick.state]).toEqual(['running', 'queued']);
  writeFileSync(path, '');
  expect(await Promise.all([slow.result, quick.result])).toEqual(['slow', 'quick']);
});

test('a small call does not overtake an earlier call with 64 MiB', async () => {
  const broker = await startBroker();
  const order: string[] = [];
  const big = broker.call('count', [new Uint8Array(64 * 1024 * 1024)]).then(() => order.push('big'));
  const small = broker.call('echo', [1]).then(() => order.push('small'));
  await Promise.all([big, small]);
  expect(order).toEqual(['big', 'small']);
});

test('calls settle in order among failures, unknown methods and cancelled calls', async () => {
  const broker = await startBroker();
  const ended: string[] = [];
  const remember = (name: string, result: Promise<unknown>): Promise<unknown> =>
    result.then(
      () => ended.push(name),
      () => ended.push(name),
    );
  const cancelled = broker.submit('note', ['cancelled']);
  const all = [
    remember('fails', broker.call('fail', ['no'])),
    remember('unknown', broker.call('nothing', [])),
    remember('works', broker.call('note', ['works'])),
  ];
  cancelled.cancel();
  await Promise.all(all);
  expect(ended).toEqual(['fails', 'unknown', 'works']);
});
