import { once } from 'node:events';
import { request } from 'node:http';

import { describe, expect, test } from '@jest/globals';

import { callOptions, type CallOptionsOptions, sendError } from '../../src/index.js';
import { startBroker, type TestBroker } from '../support/brokers.js';
import { at, FRAMEWORKS, serve } from '../support/servers.js';

/** Endpoints that make a call as an application does. */
const endpoints = (broker: TestBroker, options?: CallOptionsOptions) => [
  at('/about', async (req, res) => {
    try {
      const answer = await broker.call('about', [], callOptions(req, res, options));
      res.end(JSON.stringify(answer));
    } catch (error) {
      sendError(res, error);
    }
  }),
  at('/forever', async (req, res) => {
    try {
      await broker.call('forever', [], callOptions(req, res, options));
    } catch (error) {
      sendError(res, error);
    }
  }),
];

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('the pipeline sees the trace of the request', async () => {
    const { url } = await open(...endpoints(await startBroker()));
    const answer = await fetch(`${url}/about`, { headers: { traceparent } });
    expect(await answer.json()).toMatchObject({ traceparent });
  });

  test('a client that disconnects cancels its call', async () => {
    const broker = await startBroker();
    const { url } = await open(...endpoints(broker));
    const started = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (broker.stats().calls.running === 0) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    const settled = once(broker, 'settle');
    const asked = request(`${url}/forever`).on('error', () => undefined);
    asked.end();
    await started;
    asked.destroy();
    const [call] = (await settled) as [{ state: string }];
    expect(call.state).toBe('cancelled');
  });

  test('`Prefer: wait` is the deadline of the whole call, and is acknowledged', async () => {
    const { url } = await open(...endpoints(await startBroker()));
    const answer = await fetch(`${url}/forever`, { headers: { prefer: 'wait=0' } });
    expect(answer.status).toBe(504);
    expect(answer.headers.get('preference-applied')).toBe('wait=0');
    expect(await answer.json()).toMatchObject({ code: 'ERR_DEADLINE', status: 504 });
  });
});

test.each([
  ['a header of the application’s choice', { 'x-deadline': '20' }, { deadlineHeader: 'X-Deadline' }],
  [
    'the application’s own limit, whatever the client asks for',
    { prefer: 'wait=999999999' },
    { maxTime: 20 },
  ],
])('the deadline is %s', async (_name, headers, options) => {
  const { url } = await serve(...endpoints(await startBroker(), options));
  const answer = await fetch(`${url}/forever`, { headers: { ...headers } });
  expect(await answer.json()).toMatchObject({ code: 'ERR_DEADLINE' });
});

test('a deadline beyond the longest timer of Node does not fire at once', async () => {
  const { url } = await serve(...endpoints(await startBroker(), { maxTime: Infinity }));
  expect((await fetch(`${url}/about`, { headers: { prefer: 'wait=999999999' } })).status).toBe(200);
});

test.each(['wait=soon', 'wait=-1', 'wait', ';;,=', 'respond-async; wait=0'])(
  'the preference %j is ignored, because it is malformed or means something else',
  async (prefer) => {
    const { url } = await serve(...endpoints(await startBroker()));
    const answer = await fetch(`${url}/about`, { headers: { prefer } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('preference-applied')).toBeNull();
  },
);

test('a malformed trace is left out', async () => {
  const { url } = await serve(...endpoints(await startBroker()));
  const answer = await fetch(`${url}/about`, { headers: { traceparent: '00-zz-01' } });
  expect(await answer.json()).not.toHaveProperty('traceparent');
});

test('a key names a call only within its scope', async () => {
  const broker = await startBroker();
  const keys = await Promise.all(
    [
      { scope: 'anna', key: 'k' },
      { scope: 'anna', key: '"k"' },
      { scope: 'berta', key: 'k' },
      // Neither must a scope and a key together spell those of somebody else.
      { scope: 'anna","k', key: '' },
    ].map(async ({ scope, key }) => {
      const { url } = await serve(...endpoints(broker, { scope }));
      const headers = key === '' ? undefined : { 'idempotency-key': key };
      const answer = (await (await fetch(`${url}/about`, { headers: headers ?? {} })).json()) as {
        key: string;
      };
      return answer.key;
    }),
  );
  expect(keys[0]).toBe(keys[1]);
  expect(new Set(keys).size).toBe(3);
  expect(keys.join()).not.toMatch(/anna|berta/);
});

test('without a scope, `Idempotency-Key` is ignored', async () => {
  const { url } = await serve(...endpoints(await startBroker()));
  const ask = async () =>
    ((await (await fetch(`${url}/about`, { headers: { 'idempotency-key': 'k' } })).json()) as { key: string })
      .key;
  expect(await ask()).not.toBe(await ask());
});

test.each(['""', 'with space', 'x'.repeat(256)])('the key %j is refused by name', async (key) => {
  const { url } = await serve(...endpoints(await startBroker(), { scope: '' }));
  const answer = await fetch(`${url}/about`, { headers: { 'idempotency-key': key } });
  expect(await answer.json()).toMatchObject({ status: 400, code: 'ERR_KEY', field: 'Idempotency-Key' });
});

test.each([
  ['u=0', true, 3],
  ['u=7, i', true, -4],
  ['i', true, 0],
  ['u=9', true, 0],
  ['u=0', false, undefined],
])(
  'the header `Priority: %s` (switched on: %s) makes the priority %s',
  async (priority, switchedOn, expected) => {
    let seen: number | undefined;
    const { url } = await serve((req, res) => {
      seen = callOptions(req, res, { priority: switchedOn }).priority;
      res.end();
    });
    await fetch(url, { headers: { priority } });
    expect(seen).toBe(expected);
  },
);
