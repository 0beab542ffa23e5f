import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { post, type ProblemDocument } from '../support/post.js';
import { serve, type TestServer } from '../support/server.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;
let secret: TestServer;
let visits = 0;

beforeAll(async () => {
  secret = await serve((_request, response) => {
    visits++;
    response.end('secret');
  });
  service = await startService();
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await secret[Symbol.asyncDispose]();
});

test.each([
  '127.0.0.1',
  'localhost',
  '2130706433',
  '0x7f.1',
  '127.1',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '0',
])('does not fetch from its own machine as %s', async (host) => {
  const answer = await post(service, {
    body: new URLSearchParams({ url: `http://${host}:${secret.port}/` }),
  });
  const problem = JSON.parse(answer.text) as ProblemDocument;
  expect(problem).toMatchObject({ status: 403, code: 'ERR_URL_PRIVATE', field: 'url' });
  expect(visits).toBe(0);
});
