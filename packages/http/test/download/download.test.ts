import { once } from 'node:events';
import { createServer, type RequestListener, Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import { describe, expect, test } from '@jest/globals';

import { download, type DownloadOptions, Problem } from '../../src/index.js';
import { listen } from '../support/servers.js';

const LOCAL = { allow: ['127.0.0.0/8', '::1/128'] };

const upstream = (listener: RequestListener) => listen(createServer(listener));

/** Downloads, as if this machine were public. */
const fetched = (url: string, options: DownloadOptions = {}) =>
  download(url, { ...LOCAL, maxBytes: 1_000_000, ...options });

async function failure(work: Promise<unknown>): Promise<Problem> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Problem) return error;
  throw new Error('Expected a Problem', { cause: error });
}

test('gives the bytes at the end of all redirects, their type and their URL', async () => {
  const { url } = await upstream((req, res) => {
    if (req.url === '/image') res.writeHead(200, { 'content-type': 'image/png' }).end('the bytes');
    else res.writeHead(302, { location: '/image' }).end();
  });
  const { bytes, type, url: at } = await fetched(`${url}/start`);
  expect([Buffer.from(bytes).toString(), type, at.href]).toEqual(['the bytes', 'image/png', `${url}/image`]);
});

test('a redirect may name its target in UTF-8', async () => {
  const { url } = await upstream((req, res) => {
    if (req.url === '/b%C3%A4r') res.end('a bear');
    else res.writeHead(302, { location: Buffer.from('/bär').toString('latin1') }).end();
  });
  expect(Buffer.from((await fetched(url)).bytes).toString()).toBe('a bear');
});

test('names the status of a server that does not have it, without its control characters', async () => {
  const server = createTcpServer((socket) => {
    socket
      .on('error', () => undefined)
      .end('HTTP/1.1 404 Not\u0009Found\u0085\u009b31m\r\nContent-Length: 0\r\n\r\n', 'latin1');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port, not on a pipe
  const error = await failure(fetched(`http://127.0.0.1:${port}/`));
  server.close();
  expect(error).toMatchObject({ code: 'ERR_UPSTREAM_STATUS', status: 502, field: 'url' });
  expect(error.message).toContain('404 Not');

  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
});

test('gives up on an endless chain of redirects', async () => {
  const { url } = await upstream((_req, res) => res.writeHead(302, { location: '/again' }).end());
  expect(await failure(fetched(url, { maxRedirects: 3 }))).toMatchObject({ code: 'ERR_UPSTREAM_REDIRECT' });
});

test.each([
  'ftp://example.com/x.png',
  'data:image/png;base64,AAAA',
  'file:///etc/passwd',
  'http://user:secret@example.com/',
])('does not follow a redirect to %s', async (location) => {
  const { url } = await upstream((_req, res) => res.writeHead(302, { location }).end());
  expect(await failure(fetched(url))).toMatchObject({ code: 'ERR_UPSTREAM_REDIRECT' });
});

test.each<[string, RequestListener]>([
  ['whose announced length exceeds the limit', (_req, res) => res.end(Buffer.alloc(2_000_000))],
  [
    'that never ends',
    (_req, res) => {
      const more = (): void => {
        while (res.write(Buffer.alloc(65_536)));
        res.once('drain', more);
      };
      more();
    },
  ],
  [
    'that unfolds to more than the limit',
    (_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000))),
  ],
])('stops a body %s', async (_name, listener) => {
  const { url } = await upstream(listener);
  expect(await failure(fetched(url))).toMatchObject({ code: 'ERR_UPSTREAM_TOO_LARGE', status: 413 });
});

test('reports a body that does not match its Content-Encoding', async () => {
  const { url } = await upstream((_req, res) =>
    res.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip'),
  );
  expect(await failure(fetched(url))).toMatchObject({ code: 'ERR_UPSTREAM_BROKEN' });
});

test('reports a body that ends before its announced length', async () => {
  const { url } = await upstream((_req, res) => {
    res.writeHead(200, { 'content-length': '1000' }).write('half', () => res.destroy());
  });
  expect((await failure(fetched(url))).code).toMatch(/ERR_UPSTREAM_(BROKEN|UNREACHABLE)/);
});

test('reports an empty body', async () => {
  const { url } = await upstream((_req, res) => res.end());
  expect(await failure(fetched(url))).toMatchObject({ code: 'ERR_UPSTREAM_EMPTY' });
});

test.each<[string, RequestListener, DownloadOptions]>([
  ['never answers', () => undefined, { times: { idle: 50 } }],
  [
    'answers too slowly in all',
    (_req, res) => {
      const timer = setInterval(() => res.write('.'), 20);
      res.once('close', () => {
        clearInterval(timer);
      });
    },
    { times: { total: 200 } },
  ],
  ['stops in the middle', (_req, res) => void res.write('half'), { times: { idle: 50 } }],
])('gives up on a server that %s', async (_name, listener, options) => {
  const { url } = await upstream(listener);
  expect(await failure(fetched(url, options))).toMatchObject({ code: 'ERR_UPSTREAM_TIMEOUT', status: 504 });
});

test('closes the connection when the caller has gone', async () => {
  const caller = new AbortController();
  const gone = new Error('gone');
  const { url, server } = await upstream((_req, res) => {
    res.write('some');
    caller.abort(gone);
  });
  const closed = once(server, 'connection').then(([socket]) => once(socket as Socket, 'close')); // the event's argument
  await expect(fetched(url, { signal: caller.signal })).rejects.toBe(gone);
  await closed;
});

test('reports a host that does not exist, and a refused connection without its address', async () => {
  expect(await failure(fetched('http://no-such-host.invalid/x.png'))).toMatchObject({
    code: 'ERR_UPSTREAM_UNREACHABLE',
  });
  const { port, server } = await upstream(() => undefined);
  server.close();
  await once(server, 'close');
  const error = await failure(fetched(`http://localhost:${port}/`));
  expect(error).toMatchObject({ code: 'ERR_UPSTREAM_UNREACHABLE' });
  expect(error.message).not.toMatch(/127\.0\.0\.1|::1/);
});

test('sends the headers that are asked for, and takes another agent', async () => {
  const { url } = await upstream((req, res) => res.end(`${req.headers['user-agent']} ${req.headers.accept}`));
  const { bytes } = await fetched(url, { userAgent: 'me', accept: 'image/*' });
  expect(Buffer.from(bytes).toString()).toBe('me image/*');
});

describe('a private address', () => {
  const NOTATIONS = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '１２７.０.０.１',
    '127.0.0.1.',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:7f00:1]',
    '[::ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fec0::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ];

  test.each(NOTATIONS)('is not fetched as %s', async (host) => {
    for (const scheme of ['http', 'https']) {
      const error = await failure(download(`${scheme}://${host}:1/`));
      expect(error).toMatchObject({ code: 'ERR_URL_PRIVATE', status: 403, field: 'url' });
    }
  });

  test('gets no connection', async () => {
    let visits = 0;
    const { port } = await upstream((_req, res) => {
      visits += 1;
      res.end('secret');
    });
    for (const host of ['127.0.0.1', 'localhost', '2130706433'])
      expect(await failure(download(`http://${host}:${port}/`))).toMatchObject({ code: 'ERR_URL_PRIVATE' });
    expect(visits).toBe(0);
  });

  test('is refused as the target of a redirect too, and by name', async () => {
    // 127.0.0.1 stands for a public server, 127.0.0.2 and localhost (which is ::1 too) for private ones.
    const inner = await listen(new Server((_req, res) => res.end('secret')));
    for (const location of [`http://127.0.0.2:${inner.port}/`, 'http://[::1]/']) {
      const outer = await upstream((_req, res) => res.writeHead(302, { location }).end());
      const error = await failure(download(outer.url, { allow: ['127.0.0.1/32'] }));
      expect(error).toMatchObject({ code: 'ERR_URL_PRIVATE' });
    }
  });

  test('is what the application says', async () => {
    const { url } = await upstream((_req, res) => res.end('ok'));
    expect((await download(url, { allow: ['0.0.0.0/0', '::/0'] })).bytes.length).toBe(2);
    expect(await failure(download('http://8.8.8.8/', { deny: ['8.8.0.0/16'] }))).toMatchObject({
      code: 'ERR_URL_PRIVATE',
    });
    await expect(download('http://8.8.8.8/', { deny: ['8.8.0.0'] })).rejects.toThrow(
      '"8.8.0.0" is not a range',
    );
  });
});

test.each([
  ['not a url', 'ERR_URL_INVALID'],
  ['/path', 'ERR_URL_INVALID'],
  ['http://', 'ERR_URL_INVALID'],
  ['http://exa mple.com/', 'ERR_URL_INVALID'],
  [`http://example.com/${'a'.repeat(60_000)}`, 'ERR_URL_INVALID'],
  ['ftp://example.com/x', 'ERR_URL_SCHEME'],
  ['javascript:alert(1)', 'ERR_URL_SCHEME'],
  ['file:///etc/passwd', 'ERR_URL_SCHEME'],
  ['data:image/png;base64,AAAA', 'ERR_URL_SCHEME'],
  ['https://user@example.com/', 'ERR_URL_CREDENTIALS'],
  ['https://user:secret@example.com/', 'ERR_URL_CREDENTIALS'],
])('refuses the URL %.40s with %s', async (text, code) => {
  expect(await failure(download(text, { field: 'image' }))).toMatchObject({
    code,
    status: 400,
    field: 'image',
  });
});

test.each(['localhost:3200/ok.jpg', 'localhost/ok.jpg', '127.0.0.1:80', 'example.com/cat.jpg'])(
  'suggests http:// for %s',
  async (text) => {
    expect((await failure(download(text))).message).toContain(`Did you mean http://${text}?`);
  },
);

test('a URL with control characters is shown without them', async () => {
  const { message } = await failure(download('not\u001b[31m a\r\nurl'));
  expect(message).toContain('not\u{fffd}[31m a\u{fffd}url');
});
