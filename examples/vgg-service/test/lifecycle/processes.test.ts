import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { modelProcesses } from '../support/busy.js';
import { type Answer, form, post } from '../support/post.js';
import { sample } from '../support/samples.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService({ args: ['--processes', '2'] });
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const bag = { body: form({ file: sample('Bag-1.png') }), headers: { accept: 'application/json' } };

test('--processes 2 starts two processes, and reports it on the console, on the page and as JSON', async () => {
  expect(modelProcesses(service)).toHaveLength(2);
  expect(service.stdout).toMatch(/^Model: fashion-vgg16, .*, in 2 processes$/m);
  const page = await (await fetch(`${service.url}/vgg`, { headers: { accept: 'text/html' } })).text();
  expect(page.replace(/\s+/g, ' ')).toContain('<dt>Processes</dt> <dd>2</dd>');
  const { text } = await post(service, bag);
  expect((JSON.parse(text) as Answer).model.processes).toBe(2);
});

test('if one process is stopped, the other answers, and the service stays ready', async () => {
  const [still = 0] = modelProcesses(service);
  process.kill(still, 'SIGSTOP');
  const answers = [1, 2, 3, 4].map(() => post(service, bag));
  expect((await Promise.race(answers)).status).toBe(200);
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  process.kill(still, 'SIGCONT');
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

test('if one process dies, the other answers, and the service stays ready', async () => {
  const [killed = 0, other] = modelProcesses(service);
  process.kill(killed, 'SIGKILL');
  // Until the service notices the end of this process, it may still send images to it.
  while (modelProcesses(service).includes(killed)) await new Promise((resolve) => setImmediate(resolve));
  const answers = [1, 2, 3, 4].map(() => post(service, bag));
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  while (modelProcesses(service).length < 2) await post(service, bag);
  expect(modelProcesses(service)).toContain(other);
  expect(modelProcesses(service)).not.toContain(killed);
});
