import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { DiagnosticsMessages } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryPath } from '../support/temporary.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;
const pipeline = fixture('current-call.mjs');

describe('the option traceparent accepts', () => {
  test.each([
    TRACEPARENT,
    `00-${TRACE}-${PARENT}-00`,
    `00-${TRACE}-${PARENT}-ff`,
    `01-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01-fields-of-a-later-version`,
  ])('%s', async (traceparent) => {
    const broker = makeBroker(pipeline);
    expect(await broker.call('traceparent', [], { traceparent })).toBe(traceparent);
  });
});

describe('the option traceparent rejects', () => {
  test.each([
    ['a number', 42],
    ['an empty string', ''],
    ['upper case', TRACEPARENT.toUpperCase()],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['version 00 with additional fields', `${TRACEPARENT}-more`],
    ['a missing field', `00-${TRACE}-${PARENT}`],
    ['additional text without a separator', `01-${TRACE}-${PARENT}-01more`],
    ['a line break at the end', `${TRACEPARENT}\n`],
    ['a space at the start', ` ${TRACEPARENT}`],
    ['a field that is too long', `01-${TRACE}-${PARENT}-01-${'x'.repeat(10_000)}`],
  ])('%s', async (_what, traceparent) => {
    const options = { traceparent: traceparent as string }; // JavaScript callers may pass any type
    const error = await caughtError(makeBroker(pipeline).call('traceparent', [], options));
    expect(error).toMatchObject({ code: 'ERR_DUAL_INVALID_OPTION', option: 'traceparent' });
    expect(error.message).toContain('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
  });
});

test('currentCall().traceparent is undefined if the caller gave none', async () => {
  const broker = await startBroker(pipeline);
  await broker.call('traceparent', [], { traceparent: TRACEPARENT });
  expect(await broker.call('traceparent', [])).toBeUndefined();
});

test('each of many calls has its own traceparent, even if others are cancelled', async () => {
  const broker = await startBroker(pipeline);
  const parents = Array.from(
    { length: 200 },
    (_, i) => `00-${TRACE}-${(i + 1).toString(16).padStart(16, '0')}-01`,
  );
  const calls = parents.map((traceparent, i) =>
    broker.submit('traceparent', [], i % 3 === 0 ? {} : { traceparent }),
  );
  for (const [i, call] of calls.entries()) if (i % 5 === 4) call.cancel();
  const results = await Promise.all(calls.map((call) => call.result.catch(() => 'cancelled')));
  expect(results).toEqual(
    parents.map((traceparent, i) => (i % 5 === 4 ? 'cancelled' : i % 3 === 0 ? undefined : traceparent)),
  );
});

test('a call that runs again keeps its traceparent', async () => {
  const broker = await startBroker(pipeline);
  const options = { traceparent: TRACEPARENT, retries: 1 };
  expect(await broker.call('dieAtFirst', [temporaryPath()], options)).toBe(TRACEPARENT);
});

test('each call of a batch has its own traceparent', async () => {
  const broker = makeBroker(pipeline, { batch: { traceparentOf: { method: 'traceparentsOf', maxSize: 3 } } });
  const parents = [TRACEPARENT, undefined, TRACEPARENT.replace(PARENT, 'b'.repeat(16))];
  const calls = parents.map((traceparent, i) => broker.call('traceparentOf', [i], { traceparent }));
  expect(await Promise.all(calls)).toEqual(parents);
  expect(broker.stats().batches).toMatchObject({ traceparentOf: { count: 1, calls: 3 } });
});

test('callers who join a call by its key get the traceparent of the first caller', async () => {
  const broker = makeBroker(pipeline);
  const other = TRACEPARENT.replace(PARENT, 'b'.repeat(16));
  const calls = [TRACEPARENT, other, undefined].map((traceparent) =>
    broker.call('traceparent', [], { key: 'shared', traceparent }),
  );
  expect(await Promise.all(calls)).toEqual([TRACEPARENT, TRACEPARENT, TRACEPARENT]);
});

test('a subscriber may set another traceparent, but no invalid one', async () => {
  const spans = ['', '00f067aa0ba902b7-01', `00-${TRACE}-${'c'.repeat(16)}-01`];
  const refusals: unknown[] = [];
  const listener = (message: unknown): void => {
    // The documented type of this channel.
    const { call, setTraceparent } = message as DiagnosticsMessages['dual:broker:call:queue'];
    for (const span of spans) {
      try {
        setTraceparent(span);
      } catch (error) {
        refusals.push(call.key, (error as { option?: unknown }).option);
      }
    }
  };
  subscribe('dual:broker:call:queue', listener);
  try {
    const broker = makeBroker(pipeline);
    expect(await broker.call('traceparent', [], { key: 'a', traceparent: TRACEPARENT })).toBe(spans[2]);
    expect(refusals).toEqual(['a', 'traceparent', 'a', 'traceparent']);
  } finally {
    unsubscribe('dual:broker:call:queue', listener);
  }
});
