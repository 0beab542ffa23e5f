import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { expect, test } from '@jest/globals';

import { APPLICATIONS } from '../src/applications/configurations.js';
import { PUBLISHED } from '../src/download/published-weights.js';
import { fetchWeights, type FetchWeightsOptions } from '../src/index.js';
import { type Asked, cut, fileServer, serve, stall } from './support/file-server.js';
import { packageDirectory, temporaryDirectory } from './support/files.js';

const content = randomBytes(3_000_000);
const checksum = createHash('md5').update(content).digest('hex');
const sha256 = createHash('sha256').update(content).digest('hex');

async function download(url: URL, options: FetchWeightsOptions = {}): Promise<string> {
  const cacheFolder = options.cacheFolder ?? (await temporaryDirectory());
  return fetchWeights(url, { checksum, ...options, cacheFolder });
}

/** Checks that the file is right and that nothing else is left. */
async function expectWhole(file: string): Promise<void> {
  expect(content.equals(await readFile(file))).toBe(true);
  expect(await readdir(path.dirname(file))).toEqual([path.basename(file)]);
}

test('the file is stored once, under a name that ends with its own, and nothing else is left', async () => {
  const { listener, sent } = fileServer(content);
  await using server = await serve(listener);
  const cacheFolder = path.join(await temporaryDirectory(), 'a', 'b');
  const seen: number[] = [];
  const onProgress: FetchWeightsOptions['onProgress'] = ({ loaded, total = NaN }) =>
    seen.push(loaded / total);
  const file = await download(server.url, { cacheFolder, onProgress });
  expect(file).toMatch(/[\da-f]{12}-weights\.h5$/);
  expect(seen.at(-1)).toBe(1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(await download(server.url, { cacheFolder })).toBe(file);
  expect(sent).toEqual([{ range: undefined, status: 200, path: '/weights.h5' }]);
  await expectWhole(file);
});

test('SHA-256 is checked too', async () => {
  await using server = await serve(fileServer(content).listener);
  await expectWhole(await download(server.url, { checksum: sha256 }));
  await expect(download(server.url, { checksum: '0'.repeat(64) })).rejects.toThrow(sha256);
});

test('without a cacheFolder, the cache lies in XDG_CACHE_HOME', async () => {
  const folder = await temporaryDirectory();
  await using server = await serve(fileServer(content).listener);
  const { file } = await inProcess(server.url, { XDG_CACHE_HOME: folder });
  expect(path.dirname(file)).toBe(path.join(folder, 'dual-keras'));
  await expectWhole(file);
});

test('a name asks for the path that Keras asks for, and the wrong file is refused and deleted', async () => {
  const { listener, sent } = fileServer(content);
  await using server = await serve(listener);
  const cacheFolder = await temporaryDirectory();
  const baseUrl = new URL('/mirror', server.url);
  await expect(fetchWeights('vgg16', { baseUrl, cacheFolder })).rejects.toMatchObject({
    name: 'DownloadError',
    code: 'ERR_KERAS_DOWNLOAD_CHECKSUM',
    url: sentTo('vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5'),
    message: expect.stringContaining('64373286793e3c8b2b4e3219cbf3544b'),
  });
  await expect(
    fetchWeights('efficientnetb0', { baseUrl, cacheFolder, includeTop: false }),
  ).rejects.toMatchObject({ code: 'ERR_KERAS_DOWNLOAD_CHECKSUM' });
  expect(sent.at(-1)?.path).toBe('/mirror/keras-applications/efficientnetb0_notop.h5');
  expect(await readdir(cacheFolder)).toEqual([]);
  // Keras has no checksum for this one.
  await expectWhole(await fetchWeights('mobilenet', { baseUrl, cacheFolder }));
  expect(sent.at(-1)?.path).toBe('/mirror/tensorflow/keras-applications/mobilenet/mobilenet_1_0_224_tf.h5');

  function sentTo(name: string): string {
    return `${baseUrl.href}/tensorflow/keras-applications/${name}`;
  }
});

test('every model has two files of its own, and a checksum if Keras has one', () => {
  const files = APPLICATIONS.flatMap((name) => [PUBLISHED[name].top, PUBLISHED[name].noTop]);
  expect(new Set(files.map(([name]) => name)).size).toBe(80);
  const unchecked = files.filter(([, sum]) => sum === undefined).map(([name]) => name.split('/').at(-2));
  expect(unchecked).toEqual(['mobilenet', 'mobilenet', 'mobilenet_v2', 'mobilenet_v2']);
  expect(files.every(([, sum = '0'.repeat(32)]) => /^(?:[\da-f]{32}|[\da-f]{64})$/.test(sum))).toBe(true);
});

test('a download resumes after each interruption', async () => {
  const { listener, sent } = fileServer(content, (asked) => asked.index < 2 && cut(asked, 700_000));
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
  expect(sent.map(({ status }) => status)).toEqual([200, 206, 206]);
});

// Each of these is what the server does with the request that resumes.
test.each<[string, (asked: Asked) => boolean | undefined]>([
  [
    'answers with another part',
    partially({ 'content-range': `bytes 5-${content.length - 1}/${content.length}` }),
  ],
  ['does not say which part it sends', partially({ 'content-range': 'here you are' })],
  [
    'sends several parts',
    partially({ 'content-type': 'multipart/byteranges; boundary=x' }, ['content-range']),
  ],
  ['sends a part of another version', partially({ etag: '"v2"' })],
  ['sends a compressed part', partially({ 'content-encoding': 'gzip' })],
  [
    'says that the file has become shorter',
    ({ index, response }) => {
      if (index !== 1) return false;
      response.writeHead(416, { 'content-range': 'bytes */17' }).end();
      return true;
    },
  ],
])('the file is requested anew if the server %s', async (_what, misbehave) => {
  const { listener, sent } = fileServer(content, (asked) =>
    asked.index === 0 ? cut(asked, 700_000) : misbehave(asked),
  );
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
  expect(sent).toHaveLength(3);
  expect(sent[1]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  expect(sent[2]?.range).toBeUndefined();
});

function partially(changes: Record<string, string>, without: string[] = []) {
  return (asked: Asked): undefined => {
    if (asked.index !== 1) return;
    Object.assign(asked.headers, changes);
    asked.headers = Object.fromEntries(
      Object.entries(asked.headers).filter(([name]) => !without.includes(name)),
    );
  };
}

test.each<[string, (asked: Asked) => undefined]>([
  ['sends no ETag or date', (asked) => void Reflect.deleteProperty(asked.headers, 'etag')],
  ['sends a weak ETag', ({ headers }) => void (headers['etag'] = 'W/"v1"')],
  [
    'has another version by then',
    (asked) => {
      const etag = asked.index === 0 ? '"v0"' : '"v1"';
      Object.assign(asked.headers, { etag });
    },
  ],
])('the download starts over if the server %s', async (_what, misbehave) => {
  const { listener, sent } = fileServer(content, (asked) => {
    misbehave(asked);
    return asked.index === 0 && cut(asked, 700_000);
  });
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
  expect(sent.map(({ status }) => status)).toEqual([200, 200]);
});

test('a part that is shorter than requested is followed by the next', async () => {
  const { listener, sent } = fileServer(content, (asked) => {
    if (asked.index === 0) return cut(asked, 700_000);
    if (asked.index > 1) return false;
    asked.rest = asked.rest.subarray(0, 1000);
    const to = asked.from + 999;
    Object.assign(asked.headers, {
      'content-length': 1000,
      'content-range': `bytes ${asked.from}-${to}/${content.length}`,
    });
    return false;
  });
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
  expect(sent.map(({ status }) => status)).toEqual([200, 206, 206]);
});

test('a file that the server compresses in spite of the request is stored as it was', async () => {
  const packed = gzipSync(content);
  const { listener } = fileServer(content, (asked) => {
    asked.rest = packed;
    Object.assign(asked.headers, { 'content-length': packed.length, 'content-encoding': 'gzip' });
    return false;
  });
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
});

test('a server that never sends what it announces is given up, and what has arrived is kept', async () => {
  const cacheFolder = await temporaryDirectory();
  const { listener, sent } = fileServer(content, (asked) => cut(asked, asked.index === 0 ? 700_000 : 0));
  await using server = await serve(listener);
  await expect(download(server.url, { cacheFolder })).rejects.toMatchObject({
    code: 'ERR_KERAS_DOWNLOAD_INTERRUPTED',
    message: expect.stringMatching(/^[^\n]*the download resumes[^\n]*$/),
  });
  // One attempt that brought bytes, and four in a row that brought none.
  expect(sent).toHaveLength(5);
  await using better = await serve(fileServer(content).listener);
  // The cache knows files by their URLs, so that another server is another file.
  await expectWhole(await download(better.url));
  expect(await readdir(cacheFolder)).toEqual([expect.stringMatching(/weights\.h5\.[\da-f]{8}\.part$/)]);
});

test('a server that stalls is asked again after the idle timeout', async () => {
  const { listener, sent } = fileServer(content, (asked) => asked.index === 0 && stall(asked, 700_000));
  await using server = await serve(listener);
  await expectWhole(await download(server.url, { idleTimeout: 300 }));
  expect(sent.map(({ status }) => status)).toEqual([200, 206]);
});

test('a server that never answers is given up', async () => {
  await using server = await serve(() => undefined);
  await expect(download(server.url, { idleTimeout: 50 })).rejects.toMatchObject({
    code: 'ERR_KERAS_DOWNLOAD_INTERRUPTED',
    message: expect.stringContaining('sent nothing for 0.05 s'),
  });
});

test('redirects are followed', async () => {
  const { listener } = fileServer(content);
  await using target = await serve(listener);
  await using server = await serve((_request, response) =>
    response.writeHead(302, { location: target.url.href }).end(),
  );
  await expectWhole(await download(server.url));
});

test('a server that has no such file is named with its status, and asked once', async () => {
  const { listener, sent } = fileServer(content, (asked) => void (asked.status = 404));
  await using server = await serve(listener);
  await expect(download(server.url)).rejects.toMatchObject({
    code: 'ERR_KERAS_DOWNLOAD_STATUS',
    status: 404,
    message: `${server.url.host} answered 404 Not Found for /weights.h5. Check the URL, or try again later`,
  });
  expect(sent).toHaveLength(1);
});

test('a server that is busy is asked again', async () => {
  const { listener } = fileServer(content, (asked) => void (asked.status = asked.index < 2 ? 503 : 200));
  await using server = await serve(listener);
  await expectWhole(await download(server.url));
});

test('an unreachable server is named', async () => {
  await expect(download(new URL('http://no-such-host.invalid/w.h5'))).rejects.toMatchObject({
    code: 'ERR_KERAS_DOWNLOAD_UNREACHABLE',
    message: expect.stringMatching(/^no-such-host\.invalid cannot be reached[^\n]*another machine[^\n]*$/),
  });
});

test('a file whose announced length exceeds the limit is refused', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 2 ** 42 }).write('x');
  });
  await expect(download(server.url)).rejects.toMatchObject({ code: 'ERR_KERAS_DOWNLOAD_TOO_LARGE' });
});

test('a cache that is not a folder is named', async () => {
  const file = path.join(await temporaryDirectory(), 'file');
  await writeFile(file, '');
  await using server = await serve(fileServer(content).listener);
  for (const cacheFolder of [file, path.join(file, 'deeper')]) {
    await expect(download(server.url, { cacheFolder })).rejects.toMatchObject({
      code: 'ERR_KERAS_DOWNLOAD_DISK',
      message: expect.stringContaining('Set cacheFolder or XDG_CACHE_HOME'),
    });
  }
});

test('an aborted download rejects with the reason, and the next one resumes', async () => {
  const cacheFolder = await temporaryDirectory();
  const { listener, sent } = fileServer(content, (asked) => asked.index === 0 && stall(asked, 500_000));
  await using server = await serve(listener);
  const stop = new AbortController();
  const reason = new Error('stopping');
  const onProgress = () => {
    stop.abort(reason);
  };
  await expect(download(server.url, { cacheFolder, signal: stop.signal, onProgress })).rejects.toBe(reason);
  await expect(download(server.url, { cacheFolder, signal: stop.signal })).rejects.toBe(reason);
  await expectWhole(await download(server.url, { cacheFolder }));
  expect(sent.map(({ status }) => status)).toEqual([200, 206]);
});

test('an error of onProgress ends the download with that error', async () => {
  const { listener, sent } = fileServer(content);
  await using server = await serve(listener);
  const reason = new Error('no terminal');
  const onProgress = () => {
    throw reason;
  };
  await expect(download(server.url, { onProgress })).rejects.toBe(reason);
  expect(sent).toHaveLength(1);
});

test('several downloads of one file at once do not disturb each other', async () => {
  const cacheFolder = await temporaryDirectory();
  const { listener } = fileServer(content, (asked) => asked.index < 3 && cut(asked, 400_000));
  await using server = await serve(listener);
  const both = [inProcess(server.url, { XDG_CACHE_HOME: cacheFolder }).then(({ file }) => file)];
  const folder = path.join(cacheFolder, 'dual-keras');
  for (let count = 0; count < 3; count++) both.push(download(server.url, { cacheFolder: folder }));
  const files = new Set(await Promise.all(both));
  expect(files.size).toBe(1);
  for (const file of files) await expectWhole(file);
});

test('a download resumes that of a process that was killed', async () => {
  const folder = await temporaryDirectory();
  const { listener, sent } = fileServer(content, (asked) => asked.index === 0 && stall(asked, 2_000_000));
  await using server = await serve(listener);
  const { child, exited, progress } = startProcess(server.url, { XDG_CACHE_HOME: folder });
  await progress(2_000_000);
  child.kill('SIGKILL');
  await exited;
  const cacheFolder = path.join(folder, 'dual-keras');
  await expectWhole(await download(server.url, { cacheFolder }));
  expect(sent[1]).toEqual({ range: 'bytes=2000000-', status: 206, path: '/weights.h5' });
});

test('a complete file whose process was killed before the check is not downloaded again', async () => {
  const cacheFolder = await temporaryDirectory();
  const { listener, sent } = fileServer(content);
  await using server = await serve(listener);
  const file = await download(server.url, { cacheFolder });
  const part = `${file}.00000000.part`;
  await mkdir(part);
  await writeFile(path.join(part, 'data'), content);
  await writeFile(path.join(part, 'validator'), '"v1"');
  await rm(file);
  await expectWhole(await download(server.url, { cacheFolder }));
  expect(sent.map(({ status }) => status)).toEqual([200, 416]);
});

test('the part of another machine that shares the cache is left alone', async () => {
  const cacheFolder = await temporaryDirectory();
  const { listener } = fileServer(content);
  await using server = await serve(listener);
  const file = await download(server.url, { cacheFolder });
  const part = `${file}.00000000.ffffffff-1-0.part`;
  await mkdir(part);
  await rm(file);
  await download(server.url, { cacheFolder });
  expect((await readdir(cacheFolder)).sort()).toEqual([path.basename(file), path.basename(part)]);
});

for (const [what, announced] of [
  ['before it starts', true],
  ['on the way', false],
] as const) {
  test(`a disk that is too small is named ${what}`, async () => {
    const { listener } = fileServer(content, (asked) => {
      if (!announced) Reflect.deleteProperty(asked.headers, 'content-length');
      return false;
    });
    await using server = await serve(listener);
    const folder = await temporaryDirectory();
    // A file system of its own, which only this child sees.
    const mount = `mount -t tmpfs -o size=1m tmpfs ${JSON.stringify(folder)} && exec "$@"`;
    const child = spawn(
      'unshare',
      ['-rUm', 'sh', '-c', mount, 'sh', process.execPath, '--input-type=module', '-e', script(server.url)],
      { env: { ...process.env, XDG_CACHE_HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (!out.includes('ERR_KERAS') && /unshare|mount/.test(error)) {
      console.warn(`SKIPPED: this user may not mount a small disk: ${error.trim()}`);
      return;
    }
    expect(out).toContain('ERR_KERAS_DOWNLOAD_DISK');
    expect(out).toContain(announced ? 'MB free, but the download needs 3 MB' : 'is full (ENOSPC)');
  });
}

test.each<[string, unknown, Record<string, unknown>]>([
  ['source', 'vgg17', {}],
  ['source', undefined, {}],
  ['source', new URL('ftp://example.com/w.h5'), {}],
  ['includeTop', 'vgg16', { includeTop: 'no' }],
  ['includeTop', new URL('http://example.com/w.h5'), { includeTop: false }],
  ['baseUrl', 'vgg16', { baseUrl: 'mirror' }],
  ['baseUrl', new URL('http://example.com/w.h5'), { baseUrl: 'http://example.com' }],
  ['checksum', 'vgg16', { checksum: 'abc' }],
  ['cacheFolder', 'vgg16', { cacheFolder: '' }],
  ['idleTimeout', 'vgg16', { idleTimeout: 0 }],
  ['idleTimeout', 'vgg16', { idleTimeout: Infinity }],
  ['folder', 'vgg16', { folder: '/tmp' }],
])('a wrong %s is refused by name', async (option, source, options) => {
  await expect(fetchWeights(source as URL, options)).rejects.toMatchObject({
    code: 'ERR_KERAS_OPTION',
    option,
  });
});

/** A program that downloads, prints its progress, and prints the file or the error. */
function script(url: URL): string {
  const library = pathToFileURL(path.join(packageDirectory, 'dist', 'index.js')).href;
  return `
    import { fetchWeights } from ${JSON.stringify(library)};
    const onProgress = ({ loaded }) => console.log('loaded', loaded);
    await fetchWeights(new URL(${JSON.stringify(url.href)}), { checksum: '${checksum}', onProgress })
      .then((file) => console.log('file', file), (error) => console.log(error.code, error.message));`;
}

function startProcess(url: URL, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script(url)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  return {
    child,
    exited: once(child, 'close').then(() => out),
    /** Waits until so many bytes have arrived. */
    progress: async (bytes: number) => {
      while (!out.includes(`loaded ${bytes}\n`)) await once(child.stdout, 'data');
    },
  };
}

async function inProcess(url: URL, env: Record<string, string>): Promise<{ file: string }> {
  const out = await startProcess(url, env).exited;
  return { file: /^file (.*)$/m.exec(out)?.[1] ?? out };
}
