import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

import * as broker from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { ClientGone, Problem, problem, sendError, STATUSES } from '../../src/index.js';
import { makeBroker, startBroker } from '../support/brokers.js';
import { FRAMEWORKS, serve } from '../support/servers.js';

/** One instance of every error class of the broker, with every code that it can have. */
const ERRORS = [
  new broker.BatchResultError('m'),
  new broker.BrokerClosedError('m'),
  new broker.CallCancelledError('caller', 'm'),
  new broker.CallTimeoutError('running', 'm'),
  new broker.CallTimeoutError('queued', 'm'),
  new broker.DuplicateKeyError('m'),
  new broker.InvalidOptionError('o', 'm'),
  new broker.PipelineStartError('m'),
  new broker.ProcessExitError('m'),
  new broker.ProcessExitError('m', {}, 'ERR_DUAL_MEMORY_LIMIT'),
  new broker.ProtocolError('m'),
  new broker.QueueFullError('m', 1_500),
  new broker.SerializationError('p', 'm'),
  new broker.UnknownMethodError('m'),
];

test('the table has a row for every error of the broker, and no other', () => {
  const classes = Object.entries(broker).filter(([name]) => name.endsWith('Error') && name !== 'BrokerError');
  expect(new Set(ERRORS.map((error) => error.constructor))).toEqual(
    new Set(classes.map(([, value]) => value)),
  );
  expect(Object.keys(STATUSES).sort()).toEqual(ERRORS.map(({ code }) => code).sort());
});

test.each(ERRORS.map((error) => [error.code, error] as const))(
  '%s is answered by its row',
  async (code, error) => {
    const { url } = await serve((_req, res) => {
      sendError(res, error);
    });
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const document = (await answer.json()) as object;
    expect(document).toEqual({
      type: 'about:blank',
      title: expect.stringMatching(/\w+/),
      status: STATUSES[code],
      detail: expect.stringMatching(/\.$/),
      code,
    });
    expect(answer.status).toBe(STATUSES[code]);
  },
);

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('the error of a pipeline tells the client neither its message nor its stack', async () => {
    const client = await startBroker();
    const { url } = await open((_req, res) =>
      client.call('fail', ['/secret/path']).catch((error: unknown) => sendError(res, error)),
    );
    const answer = await fetch(url);
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ code: 'ERR_INTERNAL' });
    expect(text).not.toMatch(/secret|pipeline\.mjs/);
  });
});

test('a full queue is 429, and says when to come again', async () => {
  const client = await startBroker({ maxQueue: 0 });
  const running = client.call('wait', [200]);
  const { url } = await serve((_req, res) =>
    client.call('wait', [1]).catch((error: unknown) => sendError(res, error)),
  );
  const answer = await fetch(url);
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  await running;
});

test('a closed broker is 503', async () => {
  const client = makeBroker();
  await client.close();
  const error: unknown = await client.call('echo', [1]).catch((reason: unknown) => reason);
  expect(problem(error)).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
});

test('an error of the application has the status that it gives, and its message without control characters', () => {
  const error = Object.assign(new Error('not an image:\u001b[31m\r\nX: y'), {
    code: 'ERR_IMAGE',
    field: 'file',
  });
  expect(problem(error, { statuses: { ERR_IMAGE: 415 } }).toJSON()).toMatchObject({
    status: 415,
    code: 'ERR_IMAGE',
    field: 'file',
    detail: 'not an image:\u{fffd}[31m\u{fffd}X: y',
  });
  expect(problem(error)).toMatchObject({ status: 500, code: 'ERR_INTERNAL', cause: error });
});

test('a code named like a property of every object is unknown', () => {
  const error = Object.assign(new Error('x'), { code: 'constructor' });
  expect(problem(error, { statuses: {} })).toMatchObject({ status: 500, code: 'ERR_INTERNAL' });
});

test('the status of a code of the broker can be changed, its text stays', () => {
  const error = new broker.UnknownMethodError('m');
  expect(problem(error, { statuses: { ERR_DUAL_UNKNOWN_METHOD: 404 } })).toMatchObject({ status: 404 });
});

test('a problem keeps its members and headers', async () => {
  const { url } = await serve((_req, res) => {
    const options = { status: 405, code: 'ERR_METHOD', detail: 'No.', members: { allowed: 2 } };
    sendError(res, new Problem({ ...options, headers: { allow: 'GET' } }));
  });
  const answer = await fetch(url);
  expect(answer.headers.get('allow')).toBe('GET');
  expect(await answer.json()).toMatchObject({ status: 405, allowed: 2, title: 'Method Not Allowed' });
});

test('if the answer has begun, the connection is cut, so that a part is not taken for the whole', async () => {
  const { url } = await serve((_req, res) => {
    res.write('a part', () => sendError(res, new Error('x')));
  });
  const asked = request(url);
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  await expect(response.toArray()).rejects.toThrow('aborted');
});

test('nothing is sent for a client that is gone', async () => {
  const { url } = await serve((_req, res) => {
    expect(sendError(res, new ClientGone())).toBeUndefined();
    res.end('free');
  });
  expect(await (await fetch(url)).text()).toBe('free');
});
