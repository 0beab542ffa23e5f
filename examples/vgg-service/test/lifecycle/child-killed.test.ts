import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { fillQueue, holdRestart, modelProcess, modelProcesses } from '../support/busy.js';
import { form, post, type ProblemDocument } from '../support/post.js';
import { sample } from '../support/samples.js';
import { isAlive, startService, type TestService } from '../support/service.js';

let service: TestService;

beforeEach(async () => {
  service = await startService();
});

afterEach(async () => {
  await service[Symbol.asyncDispose]();
});

test('SIGKILL of the child fails only the request that it worked on', async () => {
  const { answers } = await fillQueue(service);
  const killed = modelProcess(service);
  process.kill(killed, 'SIGKILL');
  const responses = await Promise.all(answers);
  const lost = responses.filter(({ status }) => status !== 200);
  expect(lost).toHaveLength(1);
  expect(lost[0]?.status).toBe(503);
  expect(lost[0]?.headers.get('retry-after')).toBe('2');
  expect((await lost[0]?.json()) as ProblemDocument).toMatchObject({
    status: 503,
    code: 'ERR_DUAL_PROCESS_EXIT',
  });
  expect(isAlive(killed)).toBe(false);
  expect(modelProcess(service)).not.toBe(killed);
  expect(await post(service, { body: form({ file: sample('Bag-1.png') }) })).toMatchObject({
    status: 200,
    text: 'Bag\n',
  });
});

test('during a restart of the child, the service is not ready, and images wait for the new child', async () => {
  const next = await holdRestart(service);
  const ready = await fetch(`${service.url}/health/ready`);
  const problem = (await ready.json()) as ProblemDocument;
  expect(problem).toMatchObject({ status: 503, code: 'ERR_NOT_READY', state: 'restarting' });
  const answer = post(service, { body: form({ file: sample('Bag-1.png') }) });
  process.kill(next, 'SIGCONT');
  expect(await answer).toMatchObject({ status: 200, text: 'Bag\n' });
  expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
});

test('a restart is logged once per change of state, even if requests arrive meanwhile', async () => {
  const next = await holdRestart(service);
  for (let asked = 0; asked < 20; asked++) {
    const ready = await fetch(`${service.url}/health/ready`);
    expect(ready.status).toBe(503);
    await ready.arrayBuffer();
  }
  process.kill(next, 'SIGCONT');
  expect(await post(service, {})).toMatchObject({ status: 200 });
  await service.stop();
  expect(service.stderr).toBe('');
  expect(service.stdout.match(/^The model.*$/gm)).toEqual([
    "The model's process ended. A new one is starting.",
    'The model is ready again.',
  ]);
});

test('a full queue rejects images with 429 and Retry-After', async () => {
  const { answers } = await fillQueue(service);
  const refused = await post(service, { body: form({ file: sample('Bag-1.png') }) });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  process.kill(modelProcess(service), 'SIGCONT');
  for (const answer of answers) expect((await answer).status).toBe(200);
});

test('images of disconnected clients leave the queue', async () => {
  const { hangUp } = await fillQueue(service);
  hangUp();
  // The queue has room as soon as the service notices the disconnects, although the model is still stopped.
  let next = await askOnce();
  while (next.status === 429) next = await askOnce();
  expect(next.status).toBe('waiting');
  process.kill(modelProcess(service), 'SIGCONT');
  expect(await next.answer).toMatchObject({ status: 200 });

  async function askOnce() {
    const answer = fetch(`${service.url}/vgg`, { method: 'POST', body: form({ file: sample('Bag-1.png') }) });
    const status = await Promise.race([
      answer.then((response) => response.status),
      live()
        .then(live)
        .then(() => 'waiting' as const),
    ]);
    return { answer, status };
  }
  async function live(): Promise<void> {
    await (await fetch(`${service.url}/health/live`)).arrayBuffer();
  }
});

test('while the model is stopped, pages answer, and the service is not ready', async () => {
  process.kill(modelProcess(service), 'SIGSTOP');
  for (const path of ['/', '/vgg', '/health/live'])
    expect((await fetch(`${service.url}${path}`)).status).toBe(200);
  let ready = await fetch(`${service.url}/health/ready`);
  while (ready.status === 200) ready = await fetch(`${service.url}/health/ready`);
  expect(await ready.json()).toMatchObject({ status: 503, code: 'ERR_NOT_READY', state: 'suspended' });
  process.kill(modelProcess(service), 'SIGCONT');
  while ((await fetch(`${service.url}/health/ready`)).status !== 200);
});

test('a model that ends again and again gets a new process each time, and the service stays', async () => {
  const killed = new Set<number>();
  while (killed.size < 8) {
    const pid = modelProcesses(service).find((one) => !killed.has(one));
    if (pid === undefined) {
      await fetch(`${service.url}/health/live`);
      continue;
    }
    process.kill(pid, 'SIGKILL');
    killed.add(pid);
  }
  while ((await fetch(`${service.url}/health/ready`)).status !== 200);
  expect(await post(service, {})).toMatchObject({ status: 200 });
});

test('a killed decoder is replaced, and the image that it had is decoded by the next one', async () => {
  const decoders = () => service.children().filter((pid) => !modelProcesses(service).includes(pid));
  const [decoder = 0] = decoders();
  process.kill(decoder, 'SIGSTOP');
  const answers = [1, 2, 3].map(() => post(service, { body: form({ file: sample('Bag-1.png') }) }));
  await fetch(`${service.url}/health/live`);
  process.kill(decoder, 'SIGKILL');
  for (const answer of answers) expect(await answer).toMatchObject({ status: 200, text: 'Bag\n' });
  expect(decoders()).not.toContain(decoder);
});
