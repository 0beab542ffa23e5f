import { createServer, type IncomingMessage } from 'node:http';

import { describe, expect, test } from '@jest/globals';

import { limits, receive, type ReceiveOptions, sendError } from '../../src/index.js';
import { RawClient } from '../support/raw.js';
import { FRAMEWORKS, listen, type TestServer } from '../support/servers.js';

const BYTES = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 0xff]);

interface Answer {
  status: number;
  code?: string;
  detail?: string;
  field?: string;
  inputs?: { text: string; source: string; type?: string; name?: string; timed: boolean }[];
  fields?: Record<string, string>;
}

/** Answers with what was received. */
const echo =
  (options: ReceiveOptions) => async (req: IncomingMessage, res: Parameters<typeof sendError>[0]) => {
    try {
      const { input, inputs, fields } = await receive(req, options);
      expect(input).toBe(inputs[0]);
      const shown = inputs.map(({ bytes, source, type, name, downloadTime }) => ({
        text: Buffer.from(bytes).toString('latin1'),
        source,
        type,
        name,
        timed: downloadTime !== undefined,
      }));
      res.end(JSON.stringify({ status: 200, inputs: shown, fields }));
    } catch (error) {
      if (sendError(res, error)?.status === 500) throw error;
    }
  };

const LOCAL = { allow: ['127.0.0.0/8'] };

function serve(options: ReceiveOptions = {}): Promise<TestServer> {
  return listen(createServer((req, res) => void echo({ download: LOCAL, ...options })(req, res)));
}

async function post(url: string, body: RequestInit['body'], type?: string): Promise<Answer> {
  const init = {
    method: 'POST',
    body: body ?? null,
    headers: type === undefined ? {} : { 'content-type': type },
  };
  return (await (await fetch(url, init)).json()) as Answer;
}

/** A multipart form by hand: `head` is what stands above each part. */
const form = (...parts: [head: string, body: string][]) =>
  `${parts.map(([head, body]) => `--x\r\n${head}\r\n\r\n${body}\r\n`).join('')}--x--\r\n`;
const FORM = 'multipart/form-data; boundary=x';

function formData(fields: Record<string, string | Blob>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}

const file = (bytes: Uint8Array, name: string) =>
  new File([new Uint8Array(bytes)], name, { type: 'image/png' });

describe.each(FRAMEWORKS)('in %s', (_name, open) => {
  test('takes bytes in every form', async () => {
    const { url: source } = await listen(
      createServer((_req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end(BYTES)),
    );
    const { url } = await open(echo({ download: LOCAL }));
    const text = BYTES.toString('latin1');
    const base64 = BYTES.toString('base64');
    const none = { timed: false };
    const cases: [RequestInit['body'], string | undefined, object][] = [
      [BYTES, 'image/png', { text, source: 'body', type: 'image/png', ...none }],
      [
        BYTES,
        'application/octet-stream',
        { text, source: 'body', type: 'application/octet-stream', ...none },
      ],
      [BYTES, undefined, { text, source: 'body', ...none }],
      // curl --data-binary @photo.png
      [BYTES, 'application/x-www-form-urlencoded', { text, source: 'body', ...none }],
      [
        formData({ file: file(BYTES, 'a.png') }),
        undefined,
        { text, source: 'file', type: 'image/png', name: 'a.png', ...none },
      ],
      [
        formData({ url: '', file: file(BYTES, 'ä.png') }),
        undefined,
        { text, source: 'file', type: 'image/png', name: 'ä.png', ...none },
      ],
      [JSON.stringify({ base64 }), 'application/json', { text, source: 'base64', ...none }],
      [
        JSON.stringify({ base64: `data:image/png;base64,${base64}` }),
        'application/json',
        { text, source: 'base64', type: 'image/png', ...none },
      ],
    ];
    for (const [body, type, input] of cases)
      expect(await post(url, body, type)).toEqual({ status: 200, inputs: [input], fields: {} });

    const fetched = { text, source: 'url', type: 'image/png', name: new URL(source).host, timed: true };
    const byUrl: [RequestInit['body'], string | undefined][] = [
      [new URLSearchParams({ url: source }), undefined],
      [JSON.stringify({ url: source }), 'application/json'],
      [`\ufeff${JSON.stringify({ url: [source] })}`, 'application/json; charset=UTF-8'],
      [Buffer.from(JSON.stringify({ url: source }), 'utf16le'), 'application/json; charset=utf-16le'],
      [formData({ url: source, file: new File([], '') }), undefined],
    ];
    for (const [body, type] of byUrl)
      expect(await post(url, body, type)).toEqual({ status: 200, inputs: [fetched], fields: {} });
  });

  test('a client that asks for nothing has no input', async () => {
    const { url } = await open(echo({}));
    const cases: [RequestInit['body'], string | undefined][] = [
      [undefined, undefined],
      ['', 'application/x-www-form-urlencoded'],
      ['url=', 'application/x-www-form-urlencoded'],
      ['{}', 'application/json'],
      ['{"url":null}', 'application/json'],
      ['{"url":" ","base64":""}', 'application/json'],
      [formData({ url: '', file: new File([], '') }), undefined],
    ];
    for (const [body, type] of cases)
      expect(await post(url, body, type)).toEqual({ status: 200, inputs: [], fields: {} });
  });
});

test.each<[string, RequestInit['body'], string | undefined, number, string, string?]>([
  ['JSON that is cut', '{"url":', 'application/json', 400, 'ERR_JSON'],
  ['no JSON', '', 'application/json', 400, 'ERR_JSON'],
  ['a JSON array', '[]', 'application/json', 400, 'ERR_JSON'],
  ['a JSON null', 'null', 'application/json', 400, 'ERR_JSON'],
  ['a url that is a number', '{"url":5}', 'application/json', 400, 'ERR_JSON', 'url'],
  ['a url that is an object', '{"url":{}}', 'application/json', 400, 'ERR_JSON', 'url'],
  ['two urls', '{"url":["a","b"]}', 'application/json', 400, 'ERR_TWO_URLS', 'url'],
  ['invalid UTF-8', Buffer.from('7b2275726c223a22ff227d', 'hex'), 'application/json', 400, 'ERR_JSON'],
  [
    'a charset that nobody knows',
    '{}',
    'application/json; charset=klingon',
    415,
    'ERR_CONTENT_TYPE',
    'Content-Type',
  ],
  [
    'a property of every object',
    '{"__proto__":{"url":"x"}}',
    'application/json',
    400,
    'ERR_UNKNOWN_FIELD',
    '__proto__',
  ],
  ['an unknown property', '{"image":"x"}', 'application/json', 400, 'ERR_UNKNOWN_FIELD', 'image'],
  ['JSON as deep as it is long', '['.repeat(30_000), 'application/json', 400, 'ERR_JSON'],
  ['no base64', '{"base64":"ä?"}', 'application/json', 400, 'ERR_BASE64', 'base64'],
  ['cut base64', '{"base64":"AAAAA"}', 'application/json', 400, 'ERR_BASE64', 'base64'],
  [
    'an empty data: URL',
    '{"base64":"data:image/png;base64,"}',
    'application/json',
    400,
    'ERR_BASE64',
    'base64',
  ],
  [
    'an unknown form field',
    'image=x',
    'application/x-www-form-urlencoded',
    400,
    'ERR_UNKNOWN_FIELD',
    'image',
  ],
  ['two urls in a form', 'url=a&url=b', 'application/x-www-form-urlencoded', 400, 'ERR_TWO_URLS', 'url'],
  ['an empty raw body', '', 'image/png', 400, 'ERR_BODY_EMPTY'],
  ['text', 'http://example.com', 'text/plain', 415, 'ERR_CONTENT_TYPE', 'Content-Type'],
  ['a broken type', 'x', 'foo', 415, 'ERR_CONTENT_TYPE', 'Content-Type'],
  ['a form without a boundary', 'x', 'multipart/form-data', 400, 'ERR_MULTIPART', 'Content-Type'],
  [
    'a form that is cut',
    form(['Content-Disposition: form-data; name="url"', 'x']).slice(0, -12),
    FORM,
    400,
    'ERR_MULTIPART',
  ],
  [
    'a form with another boundary',
    form(['Content-Disposition: form-data; name="url"', '']),
    'multipart/form-data; boundary=y',
    400,
    'ERR_MULTIPART',
  ],
  ['a form without parts', '--x--\r\n', FORM, 400, 'ERR_MULTIPART', 'file'],
  ['a part without a name', form(['Content-Disposition: form-data', '']), FORM, 400, 'ERR_UNKNOWN_FIELD'],
  [
    'a part without a disposition',
    form(['Content-Type: image/png', 'x']),
    FORM,
    400,
    'ERR_MULTIPART',
    'file',
  ],
  [
    'a part that is an attachment',
    form(['Content-Disposition: attachment; name="file"; filename="a"', 'x']),
    FORM,
    400,
    'ERR_MULTIPART',
    'file',
  ],
  [
    'a dropped part beside an empty url',
    form(['Content-Disposition: form-data; name="url"', ''], ['Content-Type: image/png', 'x']),
    FORM,
    400,
    'ERR_MULTIPART',
    'file',
  ],
  [
    'a file field that is text: curl without its @',
    formData({ file: 'photo.jpg' }),
    undefined,
    400,
    'ERR_FILE_IS_TEXT',
    'file',
  ],
  [
    'a file of another name',
    formData({ image: file(BYTES, 'a') }),
    undefined,
    400,
    'ERR_UNKNOWN_FIELD',
    'image',
  ],
  [
    'an empty file',
    formData({ file: file(Buffer.alloc(0), 'a.png') }),
    undefined,
    400,
    'ERR_FILE_EMPTY',
    'file',
  ],
  [
    'a url and a file',
    formData({ url: 'http://a.example', file: file(BYTES, 'a') }),
    undefined,
    400,
    'ERR_URL_AND_FILE',
    'url',
  ],
  ['a url that is none', JSON.stringify({ url: 'x y' }), 'application/json', 400, 'ERR_URL_INVALID', 'url'],
  ['a raw body that is too long', Buffer.alloc(70_000), 'image/png', 413, 'ERR_BODY_TOO_LARGE'],
  [
    'a file that is too long',
    formData({ file: file(Buffer.alloc(70_000), 'a') }),
    undefined,
    413,
    'ERR_BODY_TOO_LARGE',
  ],
  [
    'base64 that is too long',
    JSON.stringify({ base64: Buffer.alloc(70_000).toString('base64') }),
    'application/json',
    413,
    'ERR_BODY_TOO_LARGE',
  ],
  [
    'a form field that is too long',
    new URLSearchParams({ url: 'a'.repeat(70_000) }),
    undefined,
    413,
    'ERR_BODY_TOO_LARGE',
  ],
])('refuses %s', async (...row) => {
  const [, body, type, status, code, field] = row;
  const { url } = await serve({ maxBytes: 65_000 });
  const answer = await post(url, body, type);
  expect(answer).toMatchObject({ status, code });
  expect(answer.field).toBe(field);
});

test('a forgotten @ of curl is named, with what to write', async () => {
  const { url } = await serve();
  expect((await post(url, formData({ file: 'my photo.jpg' }))).detail).toContain('-F file=@my photo.jpg');
  const markup = await post(url, formData({ file: '<script>' }));
  expect(markup.detail).toContain('-F file=@photo.jpg');
});

test('a body with a coding is refused, and the answer says which is taken', async () => {
  const { url } = await serve();
  const send = (coding: string) =>
    fetch(url, {
      method: 'POST',
      body: BYTES,
      headers: { 'content-encoding': coding, 'content-type': 'image/png' },
    });
  const refused = await send('gzip');
  expect([refused.status, refused.headers.get('accept-encoding')]).toEqual([415, 'identity']);
  expect((await send('IDENTITY')).status).toBe(200);
});

test('an input in the query is refused, anything else there is left alone', async () => {
  const { url } = await serve();
  expect(await post(`${url}/?url=http://example.com`, '')).toMatchObject({
    status: 400,
    code: 'ERR_QUERY',
    field: 'url',
  });
  expect(await post(`${url}/?utm_source=x`, BYTES, 'image/png')).toMatchObject({ status: 200 });
});

test('takes other fields, under names of the application', async () => {
  const { url } = await serve({ fields: ['top_k'], names: { file: 'image' } });
  expect(await post(url, formData({ image: file(BYTES, 'a'), top_k: '3' }))).toMatchObject({
    fields: { top_k: '3' },
  });
  expect(await post(url, '{"top_k":3}', 'application/json')).toMatchObject({
    fields: { top_k: '3' },
    inputs: [],
  });
  expect(await post(url, 'top_k=3&top_k=4', 'application/x-www-form-urlencoded')).toMatchObject({
    code: 'ERR_TWO_FIELDS',
  });
  expect(await post(url, '{"top_k":[3]}', 'application/json')).toMatchObject({
    code: 'ERR_JSON',
    field: 'top_k',
  });
});

test('takes several inputs if the application does, and no more', async () => {
  const { url } = await serve({ maxInputs: 2 });
  const two = new FormData();
  two.append('file', file(Buffer.from('a'), 'a'));
  two.append('file', file(Buffer.from('b'), 'b'));
  expect((await post(url, two)).inputs?.map(({ text }) => text)).toEqual(['a', 'b']);
  two.append('file', file(Buffer.from('c'), 'c'));
  expect(await post(url, two)).toMatchObject({ status: 400, code: 'ERR_TWO_FILES' });
});

test('URLs can be switched off', async () => {
  const { url } = await serve({ download: false });
  expect(await post(url, JSON.stringify({ url }), 'application/json')).toMatchObject({
    status: 400,
    code: 'ERR_URL_REFUSED',
  });
});

test('a form arrives in any pieces', async () => {
  const { port } = await serve();
  const body = form(['Content-Disposition: form-data; name="file"; filename="a"', 'x\r\n--y']);
  for (const size of [1, 2, 3, 7, 11]) {
    const client = await RawClient.open(port);
    client.write(
      `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${FORM}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let at = 0; at < body.length; at += size) {
      const piece = body.slice(at, at + size);
      client.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      await new Promise(setImmediate);
    }
    client.write('0\r\n\r\n');
    expect(await client.closed()).toContain('"text":"x\\r\\n--y"');
  }
});

test('an upload that stops is answered, and its place becomes free', async () => {
  const shared = limits({ receiving: 1 });
  const { url, port } = await serve({ times: { idle: 50 }, limits: shared });
  const client = await RawClient.open(port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 10\r\n\r\nhalf');
  expect(await client.closed()).toMatch(/^HTTP\/1.1 408 [^]*ERR_BODY_TOO_SLOW/);
  expect(await post(url, BYTES, 'image/png')).toMatchObject({ status: 200 });
});

test('an upload that trickles is answered when its time is over', async () => {
  const { port } = await serve({ times: { total: 100 } });
  const client = await RawClient.open(port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n');
  const timer = setInterval(() => {
    client.write('.');
  }, 10);
  expect(await client.until(/ERR_BODY_TOO_SLOW/)).toMatch(/^HTTP\/1.1 408 /);
  clearInterval(timer);
  client.socket.destroy();
});

test('a client that sends too much reads the answer all the same', async () => {
  const { port } = await serve({ maxBytes: 1_000 });
  const client = await RawClient.open(port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 100; i += 1) client.write(`10000\r\n${'x'.repeat(0x1_0000)}\r\n`);
  client.write('0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect((await client.closed()).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
});

test('a client that goes leaves its place', async () => {
  const shared = limits({ receiving: 1, perClient: 1 });
  const { url, port } = await serve({ limits: shared });
  const client = await RawClient.open(port);
  client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 10\r\n\r\nhalf');
  while ((await post(url, BYTES, 'image/png')).status !== 429);
  client.socket.destroy();
  while ((await post(url, BYTES, 'image/png')).status !== 200);
});

test('one client cannot take the places of all; all clients together cannot take more than there are', async () => {
  const shared = limits({ receiving: 2, perClient: 1, client: (req) => String(req.headers['x-client']) });
  const { url, port } = await serve({ limits: shared });
  const ask = async (client: string) => {
    const headers = { 'x-client': client, 'content-type': 'image/png' };
    return (await (await fetch(url, { method: 'POST', body: BYTES, headers })).json()) as Answer;
  };
  const slow = async (client: string) => {
    const raw = await RawClient.open(port);
    raw.write(`POST / HTTP/1.1\r\nHost: x\r\nX-Client: ${client}\r\nContent-Length: 10\r\n\r\nhalf`);
    return raw;
  };
  const a = await slow('a');
  while ((await ask('a')).code !== 'ERR_TOO_MANY_REQUESTS_OF_CLIENT');
  expect(await ask('b')).toMatchObject({ status: 200 });
  const b = await slow('b');
  while ((await ask('c')).code !== 'ERR_TOO_MANY_REQUESTS_AT_ONCE');
  a.socket.destroy();
  b.socket.destroy();
});

test('all requests together hold no more bytes than allowed, and give them back', async () => {
  const shared = limits({ bytes: 100_000 });
  const { url, port } = await serve({ limits: shared });
  const client = await RawClient.open(port);
  client.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 90000\r\n\r\n${'x'.repeat(80_000)}`,
  );
  const large = Buffer.alloc(60_000);
  while ((await post(url, large, 'image/png')).status !== 503);
  client.socket.destroy();
  while ((await post(url, large, 'image/png')).status !== 200);
  for (let i = 0; i < 5; i += 1) expect(await post(url, large, 'image/png')).toMatchObject({ status: 200 });
});

test('a client that goes ends its download', async () => {
  const source = createServer((_req, res) => void res.write('some'));
  const { url: slow } = await listen(source);
  const { url } = await serve();
  const arrived = new Promise<IncomingMessage>((resolve) => source.once('request', resolve));
  const client = new AbortController();
  const asked = fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ url: slow }),
    signal: client.signal,
  });
  const { socket } = await arrived;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.abort();
  await expect(asked).rejects.toThrow();
  await closed;
});

test('a body that was read before is a mistake of the application, told in its log', async () => {
  const errors: unknown[] = [];
  const { url } = await listen(
    createServer((req, res) => {
      req.resume().once('end', () => {
        receive(req).catch((error: unknown) => {
          errors.push(error);
          sendError(res, error);
        });
      });
    }),
  );
  expect(await post(url, BYTES, 'image/png')).toMatchObject({ status: 500 });
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('express.json()') })]);
});
