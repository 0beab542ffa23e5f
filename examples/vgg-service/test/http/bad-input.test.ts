import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';

import { form, post, type ProblemDocument } from '../support/post.js';
import { sample } from '../support/samples.js';
import { serve, type TestServer } from '../support/server.js';
import { startService, type TestService } from '../support/service.js';

let service: TestService;
let upstream: TestServer;
let giant: Buffer;

beforeAll(async () => {
  giant = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#888' } })
    .png()
    .toBuffer();
  upstream = await serve((incoming, response) => {
    switch (incoming.url ?? '') {
      case '/page':
        response.setHeader('content-type', 'image/png').end('<html>not an image</html>');
        break;
      case '/svg':
        response.end('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
        break;
      case '/empty':
        response.end();
        break;
      case '/bomb':
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100_000_000)));
        break;
      case '/broken':
        response.writeHead(200, { 'content-length': '5000' }).write('half', () => response.destroy());
        break;
      case '/giant':
        response.end(giant);
        break;
      default:
        response.writeHead(404).end();
    }
  });
  service = await startService({ args: ['--allow-private', '--max-images', '1'] });
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

afterEach(async () => {
  expect(await post(service, { body: form({ file: sample('Bag-1.png') }) })).toMatchObject({
    status: 200,
    text: 'Bag\n',
  });
});

const half = () => sample('Bag-1.png').subarray(0, 9_000);
const typed = (type: string, body: string | Uint8Array): RequestInit => ({
  body: typeof body === 'string' ? body : new Uint8Array(body),
  headers: { 'content-type': type },
});
const at = (path: string): RequestInit => ({ body: new URLSearchParams({ url: `${upstream.url}${path}` }) });

interface Case {
  name: string;
  send: () => RequestInit;
  status: number;
  code: string;
  field?: string;
  says?: string;
}

test.each<Case>([
  {
    name: 'a url that is not a URL',
    send: () => ({ body: new URLSearchParams({ url: 'not a url' }) }),
    status: 400,
    code: 'ERR_URL_INVALID',
    field: 'url',
    says: 'not a url',
  },
  {
    name: 'a url without http://',
    send: () => ({ body: new URLSearchParams({ url: 'localhost:3200/ok.jpg' }) }),
    status: 400,
    code: 'ERR_URL_INVALID',
    field: 'url',
    says: 'Did you mean http://localhost:3200/ok.jpg?',
  },
  {
    name: 'a url with another scheme',
    send: () => ({ body: new URLSearchParams({ url: 'file:///etc/passwd' }) }),
    status: 400,
    code: 'ERR_URL_SCHEME',
    field: 'url',
  },
  {
    name: 'a url with a password',
    send: () => ({ body: new URLSearchParams({ url: 'http://me:secret@example.com/' }) }),
    status: 400,
    code: 'ERR_URL_CREDENTIALS',
    field: 'url',
  },
  {
    name: 'two urls in a form',
    send: () => ({
      body: new URLSearchParams([
        ['url', 'http://a.example'],
        ['url', 'http://b.example'],
      ]),
    }),
    status: 400,
    code: 'ERR_TWO_URLS',
    field: 'url',
  },
  {
    name: 'two urls in a multipart form',
    send: () => ({ body: form({ url: ['http://a.example', 'http://b.example'] }) }),
    status: 400,
    code: 'ERR_TWO_URLS',
    field: 'url',
  },
  {
    name: 'two urls in JSON',
    send: () => typed('application/json', '{"url":["http://a.example","http://b.example"]}'),
    status: 400,
    code: 'ERR_TWO_URLS',
    field: 'url',
  },
  {
    name: 'a url and a file',
    send: () => ({ body: form({ url: 'http://a.example', file: sample('Bag-1.png') }) }),
    status: 400,
    code: 'ERR_URL_AND_FILE',
  },
  {
    name: 'an unknown field',
    send: () => ({ body: new URLSearchParams({ link: 'http://a.example' }) }),
    status: 400,
    code: 'ERR_UNKNOWN_FIELD',
    field: 'link',
  },
  {
    name: 'a url that is a number',
    send: () => typed('application/json', '{"url":5}'),
    status: 400,
    code: 'ERR_JSON',
    field: 'url',
    says: 'number',
  },
  {
    name: 'malformed JSON',
    send: () => typed('application/json', '{"url":'),
    status: 400,
    code: 'ERR_JSON',
  },
  {
    name: 'JSON that is an array',
    send: () => typed('application/json', '[]'),
    status: 400,
    code: 'ERR_JSON',
  },
  {
    name: 'a multipart form without a boundary',
    send: () => typed('multipart/form-data', 'x'),
    status: 400,
    code: 'ERR_MULTIPART',
    field: 'Content-Type',
  },
  {
    name: 'a multipart form that is cut short',
    send: () =>
      typed(
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
      ),
    status: 400,
    code: 'ERR_MULTIPART',
  },
  { name: 'an empty body', send: () => typed('image/png', ''), status: 400, code: 'ERR_BODY_EMPTY' },
  {
    name: 'an empty file',
    send: () => ({ body: form({ file: new Uint8Array(0) }) }),
    status: 400,
    code: 'ERR_FILE_EMPTY',
    field: 'file',
  },
  {
    name: 'a text body',
    send: () => typed('text/plain', 'hello'),
    status: 415,
    code: 'ERR_CONTENT_TYPE',
    field: 'Content-Type',
  },
  {
    name: 'a malformed content type',
    send: () => typed('///', 'x'),
    status: 415,
    code: 'ERR_CONTENT_TYPE',
    field: 'Content-Type',
  },
  {
    name: 'an SVG with its own content type',
    send: () => typed('image/svg+xml', '<svg/>'),
    status: 415,
    code: 'ERR_IMAGE_UNSUPPORTED',
    says: 'SVG',
  },
  {
    name: 'an SVG with the content type of a PNG',
    send: () => typed('image/png', '<svg xmlns="http://www.w3.org/2000/svg"/>'),
    status: 415,
    code: 'ERR_IMAGE_UNSUPPORTED',
    says: 'SVG',
  },
  {
    name: 'a compressed body',
    send: () => ({
      body: new Uint8Array(gzipSync(sample('Bag-1.png'))),
      headers: { 'content-type': 'image/png', 'content-encoding': 'gzip' },
    }),
    status: 415,
    code: 'ERR_CONTENT_ENCODING',
    field: 'Content-Encoding',
  },
  {
    name: 'a file that is not an image',
    send: () => ({ body: form({ file: Buffer.from('hello') }) }),
    status: 415,
    code: 'ERR_IMAGE_UNSUPPORTED',
    field: 'file',
    says: 'Send JPEG, PNG, WebP, GIF, AVIF or TIFF.',
  },
  {
    name: 'half an image',
    send: () => ({ body: form({ file: half() }) }),
    status: 422,
    code: 'ERR_IMAGE_CORRUPT',
    field: 'file',
  },
  {
    name: 'an image of 10,000 × 10,000 pixels',
    send: () => ({ body: form({ file: giant }) }),
    status: 413,
    code: 'ERR_IMAGE_TOO_MANY_PIXELS',
    says: '10000 x 10000',
  },
  {
    name: 'a body over the limit',
    send: () => typed('image/png', new Uint8Array(33 * 2 ** 20)),
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    says: '32 MiB',
  },
  {
    name: 'a file over the limit',
    send: () => ({ body: form({ file: new Uint8Array(33 * 2 ** 20) }) }),
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    says: '32 MiB',
  },
  {
    name: 'a form over the limit',
    send: () => ({ body: new URLSearchParams({ url: 'x'.repeat(100_000) }) }),
    status: 413,
    code: 'ERR_BODY_TOO_LARGE',
    says: '64 KiB',
  },
  {
    name: 'a url that answers 404',
    send: () => at('/nothing'),
    status: 502,
    code: 'ERR_UPSTREAM_STATUS',
    field: 'url',
    says: '404 Not Found',
  },
  {
    name: 'a url that returns a page',
    send: () => at('/page'),
    status: 415,
    code: 'ERR_IMAGE_UNSUPPORTED',
    field: 'url',
  },
  {
    name: 'a url that returns an SVG',
    send: () => at('/svg'),
    status: 415,
    code: 'ERR_IMAGE_UNSUPPORTED',
    says: 'SVG',
  },
  {
    name: 'a url that returns an empty body',
    send: () => at('/empty'),
    status: 502,
    code: 'ERR_UPSTREAM_EMPTY',
    field: 'url',
    says: 'empty body',
  },
  {
    name: 'a url that expands to 100 MB',
    send: () => at('/bomb'),
    status: 413,
    code: 'ERR_UPSTREAM_TOO_LARGE',
    says: '32 MiB',
  },
  {
    name: 'a url whose answer is cut short',
    send: () => at('/broken'),
    status: 502,
    code: 'ERR_UPSTREAM_BROKEN',
  },
  {
    name: 'a url of a giant image',
    send: () => at('/giant'),
    status: 413,
    code: 'ERR_IMAGE_TOO_MANY_PIXELS',
    field: 'url',
  },
  {
    name: 'a url of a host that does not exist',
    send: () => ({ body: new URLSearchParams({ url: 'http://no-such-host.invalid/' }) }),
    status: 502,
    code: 'ERR_UPSTREAM_UNREACHABLE',
    field: 'url',
  },
])(
  'answers $name with a problem document, and serves the next request',
  async ({ send, status, code, field, says = '' }) => {
    const answer = await post(service, send());
    expect(answer.type).toBe('application/problem+json');
    const problem = JSON.parse(answer.text) as ProblemDocument;
    expect({ ...problem, httpStatus: answer.status }).toMatchObject({
      httpStatus: status,
      status,
      code,
      ...(field === undefined ? {} : { field }),
    });
    expect(problem.detail).toContain(says);
    expect(answer.text).not.toMatch(/\bat .*\(|node_modules|\/src\/|\/dist\/|127\.0\.0\.1:\d+\)/);
  },
);

test('rejects a url in the query', async () => {
  const response = await fetch(`${service.url}/vgg?url=http://example.com/`, { method: 'POST' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'ERR_QUERY' });
});

test('shows a browser an error page that escapes the input', async () => {
  const { status, type, text } = await post(service, {
    body: new URLSearchParams({ url: '<script>alert(1)</script>' }),
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
  });
  expect(status).toBe(400);
  expect(type).toBe('text/html; charset=utf-8');
  expect(text).not.toContain('<script>alert');
  expect(text).toContain('&#60;script&#62;alert(1)');
});

test('rejects a body of unknown length at the limit, and lets the client send it to the end', async () => {
  const connection = connect(Number(new URL(service.url).port), '127.0.0.1').setEncoding('utf8');
  let answer = '';
  connection.on('data', (text: string) => (answer += text));
  connection.write(
    'POST /vgg HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(2 ** 20), Buffer.from('\r\n')]);
  for (let sent = 0; sent < 128; sent++) if (!connection.write(chunk)) await once(connection, 'drain');
  connection.end('0\r\n\r\n');
  await once(connection, 'end');
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});
