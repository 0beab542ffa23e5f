import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';

import { expect, test } from '@jest/globals';

import { fillQueue, modelProcess } from '../support/busy.js';
import { sample } from '../support/samples.js';
import { freePort, serve } from '../support/server.js';
import { isAlive, startService, TestService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends the service with code 0, and ends its child',
  async (signal) => {
    await using service = await startService();
    const child = modelProcess(service);
    expect(await service.stop(signal)).toEqual({ code: 0, signal: null });
    expect(isAlive(child)).toBe(false);
    expect(service.stderr).toBe('');
  },
);

test('a stop while the model is loading ends the service and its child', async () => {
  await using service = new TestService();
  let [child] = service.children();
  while (child === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
    [child] = service.children();
  }
  expect(await service.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(isAlive(child)).toBe(false);
});

test('an image that arrives after SIGTERM, while the weights are downloading, gets 503', async () => {
  await using folder = await temporaryFolder();
  await using server = await serve(() => undefined);
  const port = await freePort();
  await using service = new TestService({
    args: ['--port', `${port}`, '--weights', `${server.url}/slow.h5`],
    env: { XDG_CACHE_HOME: folder.path },
  });
  await once(server.server, 'request');
  const connection = connect(port, '127.0.0.1').setEncoding('utf8');
  // The first line of a request keeps the connection from being idle.
  connection.write('POST /vgg HTTP/1.1\r\n');
  await fetch(`http://127.0.0.1:${port}/health/live`);
  service.process.kill('SIGTERM');
  await whenClosed(port);
  connection.write('Host: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  let answer = '';
  for await (const text of connection) answer += String(text);
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toContain('"state": "draining"');
  expect(await service.exited).toEqual({ code: 0, signal: null });
  expect(service.stderr).not.toContain('Error');
});

test('after SIGTERM, the service is not ready but still answers running requests', async () => {
  await using service = await startService();
  const upload = openUpload(service);
  // The service has received the headers and waits for the body.
  await once(upload, 'continue');
  service.process.kill('SIGTERM');
  let ready = await health(service);
  while (ready.status === 200) ready = await health(service);
  expect(ready).toMatchObject({ status: 503, state: 'draining' });
  upload.end(sample('Bag-1.png'));
  const [response] = (await once(upload, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  response.resume();
  expect(await service.exited).toEqual({ code: 0, signal: null });
});

test('after SIGTERM to the whole process group, the child still answers waiting images', async () => {
  await using service = await startService({ group: true });
  const child = modelProcess(service);
  const { answers } = await fillQueue(service);
  process.kill(-service.pid, 'SIGTERM');
  while ((await health(service)).status === 200);
  process.kill(child, 'SIGCONT');
  for (const answer of answers) expect((await answer).status).toBe(200);
  expect(await service.exited).toEqual({ code: 0, signal: null });
});

test('a second signal ends the service at once, and then its child', async () => {
  await using service = await startService();
  const child = modelProcess(service);
  await fillQueue(service);
  service.process.kill('SIGINT');
  const again = setInterval(() => service.process.kill('SIGINT'), 50);
  const { code } = await service.exited;
  clearInterval(again);
  expect(code).toBe(130);
  // The child is stopped (SIGSTOP), so it can end only after SIGCONT.
  process.kill(child, 'SIGCONT');
  while (isAlive(child)) await new Promise((resolve) => setImmediate(resolve));
});

test('after SIGKILL of the service, its child ends too', async () => {
  await using service = await startService();
  const child = modelProcess(service);
  expect(await service.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  while (isAlive(child)) await new Promise((resolve) => setImmediate(resolve));
});

async function health({ url }: TestService): Promise<{ status: number; state: string }> {
  const response = await fetch(`${url}/health/ready`);
  const { state } = (await response.json()) as { state: string };
  return { status: response.status, state };
}

/** Waits until a port refuses connections. */
async function whenClosed(port: number): Promise<void> {
  for (;;) {
    const probe = connect(port, '127.0.0.1');
    try {
      await once(probe, 'connect');
      probe.destroy();
    } catch {
      return;
    }
  }
}

function openUpload(service: TestService) {
  const { port } = new URL(service.url);
  const { length } = sample('Bag-1.png');
  const upload = request({
    host: '127.0.0.1',
    port,
    path: '/vgg',
    method: 'POST',
    headers: { 'content-type': 'image/png', 'content-length': length, expect: '100-continue' },
  });
  upload.flushHeaders();
  return upload;
}
