import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import type { ProblemDocument } from '../support/post.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const get = (path: string, init: RequestInit = {}) => fetch(`${service.url}${path}`, init);

test.each([
  ['/', undefined, 'text/html; charset=utf-8'],
  ['/', 'application/json', 'application/json; charset=utf-8'],
  ['/', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
  ['/vgg', undefined, 'text/html; charset=utf-8'],
  ['/vgg', 'application/json', 'application/json; charset=utf-8'],
  ['/vgg', '*/*', 'text/html; charset=utf-8'],
  ['/health/live', undefined, 'application/json; charset=utf-8'],
  ['/health/ready', undefined, 'application/json; charset=utf-8'],
  ['/assets/style.css', undefined, 'text/css; charset=utf-8'],
  ['/assets/page.js', undefined, 'text/javascript; charset=utf-8'],
  ['/assets/icon.svg', undefined, 'image/svg+xml'],
  ['/samples/Bag-1.png', undefined, 'image/png'],
])('GET %s with Accept %s answers %s', async (path, accept, type) => {
  const response = await get(path, accept === undefined ? {} : { headers: { accept } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe(type);
});

test.each([
  [undefined, 'text/plain; charset=utf-8'],
  ['*/*', 'text/plain; charset=utf-8'],
  ['text/*', 'text/plain; charset=utf-8'],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['application/json', 'application/json; charset=utf-8'],
  ['application/*', 'application/json; charset=utf-8'],
  ['application/json; charset=utf-8', 'application/json; charset=utf-8'],
  ['text/html', 'text/html; charset=utf-8'],
  ['text/plain;q=0.5, application/json', 'application/json; charset=utf-8'],
])('POST /vgg with Accept %s answers %s', async (accept, type) => {
  const response = await get('/vgg', {
    method: 'POST',
    ...(accept === undefined ? {} : { headers: { accept } }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe(type);
  expect(response.headers.get('vary')?.toLowerCase()).toContain('accept');
  await response.arrayBuffer();
});

test.each([
  ['POST', '/vgg', 'image/png'],
  ['GET', '/vgg', 'text/csv'],
  ['GET', '/', 'image/png'],
])('%s %s answers 406 to Accept %s', async (method, path, accept) => {
  const response = await get(path, { method, headers: { accept } });
  expect(response.status).toBe(406);
  expect(await response.json()).toMatchObject({ code: 'ERR_NOT_ACCEPTABLE', field: 'Accept' });
});

test.each([
  ['DELETE', '/vgg', 'GET, HEAD, POST, OPTIONS'],
  ['PUT', '/vgg', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/', 'GET, HEAD, OPTIONS'],
  ['POST', '/health/ready', 'GET, HEAD, OPTIONS'],
])('%s %s answers 405 and lists the supported methods', async (method, path, allow) => {
  const response = await get(path, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe(allow);
  expect(await response.json()).toMatchObject({ code: 'ERR_METHOD' });
});

test('OPTIONS lists the supported methods', async () => {
  const response = await get('/vgg', { method: 'OPTIONS' });
  expect(response.status).toBe(204);
  expect(response.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');
});

test.each([
  '/nothing',
  '/vgg/more',
  '/assets/nothing.css',
  '/assets/../../package.json',
  '/samples/..%2f..%2fpackage.json',
  '/assets/%00',
  '/samples/%E0%A4%A',
])('answers a problem document for the missing address %s', async (path) => {
  const response = await get(path);
  expect([400, 403, 404]).toContain(response.status);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('sends security headers and does not name its software', async () => {
  const { headers } = await get('/');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('content-security-policy')).not.toContain('unsafe');
});

test('lists the endpoints as a page and as JSON', async () => {
  const page = await (await get('/')).text();
  const document = (await (await get('/', { headers: { accept: 'application/json' } })).json()) as {
    state: string;
    endpoints: { method: string; path: string }[];
  };
  expect(document.state).toBe('ready');
  for (const { method, path } of document.endpoints) expect(page).toContain(`<code>${method} ${path}</code>`);
  expect(document.endpoints.map(({ method, path }) => `${method} ${path}`)).toContain('POST /vgg');
});

test('GET /vgg describes the model and how to POST as JSON', async () => {
  const document: unknown = await (await get('/vgg', { headers: { accept: 'application/json' } })).json();
  expect(document).toMatchObject({
    state: 'ready',
    model: { name: 'fashion-vgg16', classes: 10, engine: expect.any(String) },
    post: {
      body: { 'multipart/form-data': 'file, or url', none: 'a sample photo' },
      formats: 'JPEG, PNG, WebP, GIF, AVIF or TIFF',
      answers: ['text/plain', 'application/json', 'text/html'],
    },
  });
});

test('escapes the Host header in its pages', async () => {
  const { port } = new URL(service.url);
  const asked = request({ host: '127.0.0.1', port, path: '/', headers: { host: '"><script>x</script>' } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  expect(text).not.toContain('<script>x');
});

test('a problem document has the members that RFC 9457 defines', async () => {
  const response = await get('/nothing');
  const problem = (await response.json()) as ProblemDocument;
  expect(problem).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    code: 'ERR_NOT_FOUND',
    detail: expect.any(String),
  });
});
