import { once } from 'node:events';

import type { CallOptions } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { Problem, stream, type StreamOptions } from '../../src/index.js';
import { startBroker, type TestBroker } from '../support/brokers.js';
import { RawClient } from '../support/raw.js';
import { FRAMEWORKS, serve } from '../support/servers.js';

const EVENTS = { accept: 'text/event-stream' };

/** The number in the query. */
function numberOf({ url }: { url?: string | undefined }): [number] {
  const n = Number(new URL(url ?? '/', 'http://localhost').searchParams.get('n'));
  if (Number.isInteger(n)) return [n];
  throw new Problem({ status: 400, code: 'ERR_N', detail: 'n is no whole number.', field: 'n' });
}

const COUNT: StreamOptions<readonly [number]> = { path: '/count', verb: 'GET', args: numberOf };

/** The text of an answer, in any format. */
async function get(url: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(url, { method, headers });
  const { status } = answer;
  return { status, type: answer.headers.get('content-type'), answer, text: await answer.text() };
}

/** Resolves with the state of the next call that settles. */
async function settled(broker: TestBroker): Promise<string> {
  const [call] = (await once(broker, 'settle')) as [{ state: string }];
  return call.state;
}

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('a method that yields is answered as NDJSON, or as events if the client prefers them', async () => {
    const { url } = await open(stream(await startBroker(), 'count', COUNT));
    const lines = await get(`${url}/count?n=3`);
    expect(lines).toMatchObject({
      status: 200,
      type: 'application/x-ndjson; charset=utf-8',
      text: '0\n1\n2\n',
    });
    const events = await get(`${url}/count?n=2`, EVENTS);
    expect(events).toMatchObject({ status: 200, type: 'text/event-stream; charset=utf-8' });
    expect(events.text).toBe('data: 0\n\ndata: 1\n\nevent: end\ndata: {}\n\n');
  });

  test('an error before the first chunk is a problem document with its status', async () => {
    const errors: unknown[] = [];
    const options = { ...COUNT, onError: (error: unknown) => errors.push(error) };
    const { url } = await open(stream(await startBroker(), 'failAfter', options));
    const refused = await get(`${url}/count?n=x`);
    expect(refused).toMatchObject({ status: 400, type: 'application/problem+json' });
    const failed = await get(`${url}/count?n=0`, EVENTS);
    expect(failed).toMatchObject({ status: 500, type: 'application/problem+json' });
    expect(failed.text).not.toMatch(/secret/);
    expect(errors).toHaveLength(1);
  });

  test('an error after the first chunk is the last line, or the last event', async () => {
    const options = { ...COUNT, onError: () => undefined };
    const { url } = await open(stream(await startBroker(), 'failAfter', options));
    const lines = (await get(`${url}/count?n=2`)).text.trimEnd().split('\n');
    expect(lines.slice(0, 2)).toEqual(['0', '1']);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ error: { status: 500, code: 'ERR_INTERNAL' } });
    const { text } = await get(`${url}/count?n=1`, EVENTS);
    expect(text).toMatch(/^data: 0\n\nevent: error\ndata: \{.*"code":"ERR_INTERNAL".*\}\n\n$/);
    expect(text).not.toMatch(/secret/);
  });
});

test('a client that goes away cancels the method', async () => {
  const broker = await startBroker();
  const { port } = await serve(stream(broker, 'countAndWait', COUNT));
  const client = await RawClient.open(port);
  client.write('GET /count?n=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n');
  await client.until(/data: 0\n\n/);
  const end = settled(broker);
  client.socket.destroy();
  expect(await end).toBe('cancelled');
});

test('a reader that takes nothing is cut off, and holds only what the socket holds', async () => {
  const broker = await startBroker();
  const text = 'x'.repeat(2 ** 16);
  const options: StreamOptions<readonly [string]> = { path: '/flood', verb: 'GET', args: () => [text] };
  let most = 0;
  const { port, server } = await serve(stream(broker, 'flood', { ...options, patience: 300 }));
  server.on('request', (_req, res) => {
    const look = setInterval(() => (most = Math.max(most, res.writableLength)), 5);
    res.once('close', () => {
      clearInterval(look);
    });
  });
  const client = await RawClient.open(port);
  client.socket.pause();
  const end = settled(broker);
  client.write('GET /flood HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await end).toBe('cancelled');
  expect(most).toBeLessThan(2 ** 20);
  client.socket.destroy();
});

test('comments keep the connection alive while the method computes', async () => {
  const { port } = await serve(stream(await startBroker(), 'countAndWait', { ...COUNT, heartbeat: 10 }));
  const client = await RawClient.open(port);
  client.write('GET /count?n=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n');
  await client.until(/data: 0\n\n[^]*:\n\n[^]*:\n\n/);
  client.socket.destroy();
});

test('the death of the process is the last event', async () => {
  const broker = await startBroker();
  const { port } = await serve(stream(broker, 'countAndWait', COUNT));
  const client = await RawClient.open(port);
  client.write(
    'GET /count?n=1 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nConnection: close\r\n\r\n',
  );
  await client.until(/data: 0\n\n/);
  process.kill(broker.stats().processes[0]?.pid ?? 0, 'SIGKILL');
  expect(await client.closed()).toMatch(/event: error\ndata: \{.*"code":"ERR_DUAL_PROCESS_EXIT"/);
});

test('a client that accepts neither format, or uses another method, is told which there are', async () => {
  const { url } = await serve(stream(await startBroker(), 'count', COUNT));
  const refused = await get(`${url}/count?n=1`, { accept: 'image/png' });
  expect(refused.status).toBe(406);
  expect(refused.text).toMatch(/text\/event-stream/);
  const deleted = await get(`${url}/count?n=1`, {}, 'DELETE');
  expect(deleted.status).toBe(405);
  expect(deleted.answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  expect((await get(`${url}/count?n=1`, {}, 'OPTIONS')).status).toBe(204);
});

test('HEAD tells the type and runs nothing', async () => {
  const broker = await startBroker();
  const { url } = await serve(stream(broker, 'count', COUNT));
  expect(await get(`${url}/count?n=1`, EVENTS, 'HEAD')).toMatchObject({
    status: 200,
    type: 'text/event-stream; charset=utf-8',
    text: '',
  });
  expect(broker.stats().calls).toMatchObject({ queued: 0, running: 0, succeeded: 0, cancelled: 0 });
});

test('the application gives the options of the call', async () => {
  const broker = await startBroker();
  const options = (): CallOptions & { signal: AbortSignal } => ({
    key: 'mine',
    signal: new AbortController().signal,
  });
  const { url } = await serve(stream(broker, 'count', { ...COUNT, options }));
  await get(`${url}/count?n=1`);
  expect(broker.get('mine')?.state).toBe('succeeded');
});
