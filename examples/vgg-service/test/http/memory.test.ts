import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

import { expect, test } from '@jest/globals';

import { post, type ProblemDocument } from '../support/post.js';
import { sample } from '../support/samples.js';
import { serve } from '../support/server.js';
import { startService } from '../support/service.js';

const limit = 32 * 2 ** 20;
/** The smallest number of the largest images that exceeds 512 MiB. */
const many = 17;
const megabyte = Buffer.alloc(2 ** 20);

/** Sends a large body except for its last MiB. */
async function sendMost(body: NodeJS.WritableStream): Promise<void> {
  for (let sent = 0; sent < limit - megabyte.length; sent += megabyte.length)
    if (!body.write(megabyte)) await once(body, 'drain');
}

function upload(url: string, type: string, start: string) {
  const asked = request(`${url}/vgg`, {
    method: 'POST',
    headers: { 'content-type': type, 'content-length': limit },
  });
  asked.write(start);
  asked.on('error', () => undefined);
  // Writing fails for a request that the service refuses.
  sendMost(asked).catch(() => undefined);
  return asked;
}

async function firstAnswer(uploads: ReturnType<typeof upload>[]) {
  const [response] = (await Promise.race(uploads.map((asked) => once(asked, 'response')))) as [
    IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { detail, code } = JSON.parse(Buffer.concat(chunks).toString()) as ProblemDocument;
  return { status: response.statusCode, retryAfter: response.headers['retry-after'], detail, code };
}

const refusal = {
  status: 503,
  retryAfter: '1',
  code: 'ERR_TOO_MANY_REQUESTS_AT_ONCE',
  detail: 'The inputs in progress would exceed the limit of 512 MiB. Try again in a moment.',
};

test.each([
  ['bodies', 'image/png', ''],
  [
    'forms',
    'multipart/form-data; boundary=x',
    '--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n',
  ],
])('rejects large concurrent %s before they fill the memory', async (_name, type, start) => {
  await using service = await startService({ args: ['--per-client', '128'] });
  const uploads = Array.from({ length: many }, () => upload(service.url, type, start));
  expect(await firstAnswer(uploads)).toEqual(refusal);
  for (const asked of uploads) asked.destroy();
  let answer = await post(service, { body: new Uint8Array(sample('Bag-1.png')) });
  while (answer.status === 503) answer = await post(service, { body: new Uint8Array(sample('Bag-1.png')) });
  expect(answer).toMatchObject({ status: 200, text: 'Bag\n' });
});

test('rejects large concurrent downloads before they fill the memory', async () => {
  await using upstream = await serve((_request, response) => {
    sendMost(response).catch(() => undefined);
  });
  await using service = await startService({ args: ['--allow-private', '--per-client', '128'] });
  const clients = new AbortController();
  const body = JSON.stringify({ url: upstream.url });
  const headers = { 'content-type': 'application/json' };
  const asked = Array.from({ length: many }, async () => {
    return fetch(`${service.url}/vgg`, { method: 'POST', body, headers, signal: clients.signal });
  });
  for (const answer of asked) answer.catch(() => undefined);
  const refused = await Promise.race(asked);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: refusal.code, detail: refusal.detail });
  clients.abort();
});
