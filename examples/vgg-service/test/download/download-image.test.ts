import { once } from 'node:events';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';

import { agents } from '../../src/download/agents.js';
import { DownloadError } from '../../src/download/download-error.js';
import { downloadImage, type DownloadOptions } from '../../src/download/download-image.js';
import { parseImageUrl } from '../../src/download/parse-url.js';
import { serve } from '../support/server.js';

const options = (changes: Partial<DownloadOptions> = {}): DownloadOptions => ({
  maxBytes: 1_000_000,
  times: { total: 30_000, idle: 30_000 },
  maxRedirects: 3,
  agentFor: agents({ allowPrivate: true }),
  onBytes: () => undefined,
  signal: new AbortController().signal,
  ...changes,
});

async function failure(work: Promise<unknown>): Promise<DownloadError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof DownloadError) return error;
  throw new Error('Expected a DownloadError', { cause: error });
}

test('follows redirects to the bytes', async () => {
  await using server = await serve((request, response) => {
    if (request.url === '/image') response.end('the bytes');
    else response.writeHead(302, { location: '/image' }).end();
  });
  const bytes = await downloadImage(new URL('/start', server.url), options());
  expect(Buffer.from(bytes).toString()).toBe('the bytes');
});

test('names the status of a server that does not have the image', async () => {
  await using server = await serve((_request, response) => response.writeHead(404).end('no'));
  const error = await failure(downloadImage(new URL(server.url), options()));
  expect(error.code).toBe('ERR_UPSTREAM_STATUS');
  expect(error.message).toContain('404 Not Found');
});

test('gives up on an endless chain of redirects', async () => {
  await using server = await serve((_request, response) =>
    response.writeHead(302, { location: '/again' }).end(),
  );
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_REDIRECT');
});

test.each([
  'ftp://example.com/x.png',
  'data:image/png;base64,AAAA',
  'file:///etc/passwd',
  'http://user:secret@example.com/',
])('does not follow a redirect to %s', async (location) => {
  await using server = await serve((_request, response) => response.writeHead(302, { location }).end());
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_REDIRECT');
});

test('rejects a body whose announced length exceeds the limit', async () => {
  await using server = await serve((_request, response) => response.end(Buffer.alloc(2_000_000)));
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_TOO_LARGE');
});

test('stops an endless body at the limit', async () => {
  await using server = await serve((_request, response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536)));
      response.once('drain', more);
    };
    more();
  });
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_TOO_LARGE');
});

test('counts the bytes of a compressed body after decompression', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000_000), { level: 9 });
  expect(bomb.length).toBeLessThan(1_000_000);
  await using server = await serve((_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  );
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_TOO_LARGE');
});

test('reports a body that does not match its Content-Encoding', async () => {
  await using server = await serve((_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is not gzip'),
  );
  expect((await failure(downloadImage(new URL(server.url), options()))).code).toBe('ERR_UPSTREAM_BROKEN');
});

test('reports a body that ends before its announced length', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy());
  });
  const { code } = await failure(downloadImage(new URL(server.url), options()));
  expect(['ERR_UPSTREAM_BROKEN', 'ERR_UPSTREAM_UNREACHABLE']).toContain(code);
});

test('gives up on a server that never answers', async () => {
  await using server = await serve(() => undefined);
  const error = await failure(
    downloadImage(new URL(server.url), options({ times: { total: 30_000, idle: 50 } })),
  );
  expect(error.code).toBe('ERR_UPSTREAM_TIMEOUT');
});

test('gives up on a slow server after the total time limit', async () => {
  await using server = await serve((_request, response) => {
    const timer = setInterval(() => response.write('.'), 20);
    response.once('close', () => {
      clearInterval(timer);
    });
  });
  const error = await failure(
    downloadImage(new URL(server.url), options({ times: { total: 300, idle: 30_000 } })),
  );
  expect(error.code).toBe('ERR_UPSTREAM_TIMEOUT');
});

test('closes the connection when the caller aborts', async () => {
  const caller = new AbortController();
  const gone = new Error('gone');
  await using server = await serve((_request, response) => {
    response.write('some');
    caller.abort(gone);
  });
  const [closed] = [once(server.server, 'connection').then(([socket]) => once(socket as Socket, 'close'))];
  await expect(downloadImage(new URL(server.url), options({ signal: caller.signal }))).rejects.toBe(gone);
  await closed;
});

test('reports a host that does not exist', async () => {
  const error = await failure(downloadImage(new URL('http://no-such-host.invalid/x.png'), options()));
  expect(error.code).toBe('ERR_UPSTREAM_UNREACHABLE');
});

test('reports a refused connection without naming the address', async () => {
  const server = await serve(() => undefined);
  await server[Symbol.asyncDispose]();
  const error = await failure(downloadImage(new URL(`http://localhost:${server.port}/`), options()));
  expect(error.code).toBe('ERR_UPSTREAM_UNREACHABLE');
  expect(error.message).not.toMatch(/127\.0\.0\.1|::1/);
});

describe('without --allow-private', () => {
  const agentFor = agents({ allowPrivate: false });

  test.each([
    'http://127.0.0.1/',
    'http://localhost/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://１２７.０.０.１/',
    'http://[::1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://[::]/',
    'http://0.0.0.0/',
    'http://0/',
    'http://10.1.2.3/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'https://127.0.0.1/',
    'https://[::1]/',
  ])('does not fetch %s', async (address) => {
    const error = await failure(downloadImage(parseImageUrl(address), options({ agentFor })));
    expect(error.code).toBe('ERR_URL_PRIVATE');
    expect(error.message).not.toContain('DNS');
  });

  test('does not follow a redirect to a private address', async () => {
    await using inner = await serve((_request, response) => response.end('secret'));
    await using outer = await serve((_request, response) =>
      response.writeHead(302, { location: inner.url }).end(),
    );
    // Only the first hop may be local, because it stands for a public server.
    const guarded = agents({ allowPrivate: false });
    const open = agents({ allowPrivate: true });
    const error = await failure(
      downloadImage(
        new URL(outer.url),
        options({ agentFor: (url) => (url.host === new URL(outer.url).host ? open(url) : guarded(url)) }),
      ),
    );
    expect(error.code).toBe('ERR_URL_PRIVATE');
  });
});

test.each([
  ['not a url', 'ERR_URL_INVALID'],
  ['/vgg', 'ERR_URL_INVALID'],
  ['http://', 'ERR_URL_INVALID'],
  ['http://exa mple.com/', 'ERR_URL_INVALID'],
  ['ftp://example.com/x', 'ERR_URL_SCHEME'],
  ['javascript:alert(1)', 'ERR_URL_SCHEME'],
  ['file:///etc/passwd', 'ERR_URL_SCHEME'],
  ['data:image/png;base64,AAAA', 'ERR_URL_SCHEME'],
  ['https://user@example.com/', 'ERR_URL_CREDENTIALS'],
  ['https://user:secret@example.com/', 'ERR_URL_CREDENTIALS'],
])('refuses the address %s with %s', (text, code) => {
  expect(() => parseImageUrl(text)).toThrow(expect.objectContaining({ code }));
});

test.each(['localhost:3200/ok.jpg', 'localhost/ok.jpg', '127.0.0.1:80', 'example.com/cat.jpg'])(
  'suggests http:// for %s',
  (text) => {
    expect(() => parseImageUrl(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_URL_INVALID',
        message: expect.stringContaining(`Did you mean http://${text}?`),
      }),
    );
  },
);

test.each(['cat.jpg', 'images/cat.jpg', '/vgg', 'data:1,2'])('suggests nothing for %s', (text) => {
  expect(() => parseImageUrl(text)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('Did you mean') }),
  );
});
