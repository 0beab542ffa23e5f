import { once } from 'node:events';

import { inProcess } from '@dual/broker/testing';
import { describe, expect, test } from '@jest/globals';

import { health, readiness } from '../../src/index.js';
import Pipeline from '../fixtures/pipeline.mjs';
import { makeBroker, startBroker, type TestBroker } from '../support/brokers.js';
import { FRAMEWORKS, serve } from '../support/servers.js';

async function ready(url: string) {
  const answer = await fetch(`${url}/health/ready`);
  return { status: answer.status, ...((await answer.json()) as { state: string }) };
}

/** Asks until the state is this one. */
async function untilState(url: string, state: string): Promise<void> {
  while ((await ready(url)).state !== state);
}

function childOf(broker: TestBroker): number {
  const pid = broker.stats().processes[0]?.pid;
  if (pid === undefined) throw new Error('the broker has no process');
  return pid;
}

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('the probes tell live from ready', async () => {
    const broker = makeBroker();
    const { url } = await open(health(broker));
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(await ready(url)).toMatchObject({ status: 503, state: 'idle', code: 'ERR_NOT_READY' });
    await broker.start();
    expect(await ready(url)).toEqual({ status: 200, state: 'ready' });
  });
});

test('a stopped child (SIGSTOP) is not ready, though no call has failed; after SIGCONT it is', async () => {
  const broker = await startBroker();
  const { url } = await serve(health(broker));
  process.kill(childOf(broker), 'SIGSTOP');
  try {
    await untilState(url, 'suspended');
    expect(await ready(url)).toMatchObject({ status: 503, detail: expect.stringMatching(/no sign of life/) });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  } finally {
    process.kill(childOf(broker), 'SIGCONT');
  }
  await untilState(url, 'ready');
});

test('one stopped child of two leaves the service ready', async () => {
  const broker = await startBroker({ processes: 2 });
  process.kill(childOf(broker), 'SIGSTOP');
  try {
    while (broker.stats().processes[0]?.state !== 'suspended') await new Promise(setImmediate);
    expect(readiness(broker)).toEqual({ ready: true, state: 'ready', reason: undefined });
  } finally {
    process.kill(childOf(broker), 'SIGCONT');
  }
});

test('a call that runs far longer than usual makes it stalled, as long as it runs', async () => {
  const broker = await startBroker();
  const stall = { factor: 10, atLeast: 50 };
  const { url } = await serve(health(broker, { stall }));
  for (let i = 0; i < 100; i += 1) await broker.call('echo', [i]);
  const caller = new AbortController();
  const call = broker.call('forever', [], { signal: caller.signal });
  await untilState(url, 'stalled');
  expect(readiness(broker)).toMatchObject({ ready: true }); // the default waits longer
  caller.abort();
  await expect(call).rejects.toThrow();
  await untilState(url, 'ready');
});

test('a busy pipeline is ready, though its child blocks', async () => {
  const broker = await startBroker();
  const { url } = await serve(health(broker));
  const call = broker.call('block', [300]);
  while (broker.stats().calls.running === 0) await new Promise(setImmediate);
  expect(await ready(url)).toMatchObject({ state: 'ready' });
  await call;
});

test('while a killed child is replaced, the service is not ready, and says so', async () => {
  const broker = await startBroker();
  const { url } = await serve(health(broker));
  const states: string[] = [];
  broker.on('state', () => states.push(readiness(broker).state));
  const exited = once(broker, 'exit');
  process.kill(childOf(broker), 'SIGKILL');
  await exited;
  await untilState(url, 'ready');
  expect(states).toEqual(['restarting', 'ready']);
});

test('a client without a process of its own has the same states', async () => {
  const client = inProcess(new Pipeline());
  expect(readiness(client).state).toMatch(/idle|ready/);
  await client.call('echo', [1]);
  expect(readiness(client)).toMatchObject({ ready: true, state: 'ready' });
  await client.close();
  expect(readiness(client)).toMatchObject({ ready: false, state: 'closed' });
});

test('HEAD is GET without a body, OPTIONS and 405 list the methods, and other paths are nobody’s', async () => {
  const { url } = await serve(health(makeBroker(), { live: '/livez' }));
  const head = await fetch(`${url}/livez`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const options = await fetch(`${url}/livez/`, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  const post = await fetch(`${url}/livez`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  for (const path of ['/health/live', '/livez/x', '//livez', '/%', '/livez%2f'])
    expect((await fetch(url + path)).status).toBe(404);
  expect((await fetch(`${url}/livez?probe=1`)).status).toBe(200);
});
