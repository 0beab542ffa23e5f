import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { downloadWeights, type WeightsDownload } from '../../src/weights/download-weights.js';
import { serve } from '../support/server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const content = randomBytes(3_000_000);
const md5 = createHash('md5').update(content).digest('hex');

interface FileServer {
  /** Number of bytes after which each answer breaks off, in turn. Later answers are complete. */
  breaks?: number[];
  etag?: () => string | undefined;
  ranges?: boolean;
  body?: () => Buffer;
}

/** Serves one file with support for ranges (RFC 9110), and records the requests. */
function fileServer({
  breaks = [],
  etag = () => '"v1"',
  ranges = true,
  body = () => content,
}: FileServer = {}) {
  const asked: { range: string | undefined; sent: number }[] = [];
  const listener: RequestListener = (request, response) => {
    const whole = body();
    const tag = etag();
    const { range, 'if-range': ifRange } = request.headers;
    const from = ranges && range !== undefined && ifRange === tag ? Number(/\d+/.exec(range)?.[0]) : 0;
    if (from >= whole.length) {
      asked.push({ range, sent: 0 });
      response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end('No such range');
      return;
    }
    const rest = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': rest.length,
      ...(tag === undefined ? {} : { etag: tag }),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
    });
    const stop = breaks.shift();
    asked.push({ range, sent: stop ?? rest.length });
    if (stop === undefined) response.end(rest);
    else response.write(rest.subarray(0, stop), () => response.destroy());
  };
  return { asked, listener };
}

function download(url: string, target: string, changes: Partial<WeightsDownload> = {}): Promise<void> {
  const { signal } = new AbortController();
  return downloadWeights({ url: new URL(url), target, md5, onProgress: () => undefined, signal, ...changes });
}

test('stores the file under its name and leaves no other file', async () => {
  await using folder = await temporaryFolder();
  const { listener } = fileServer();
  await using server = await serve(listener);
  const target = join(folder.path, 'deep', 'weights.h5');
  const seen: number[] = [];
  await download(server.url, target, {
    onProgress: ({ received, total }) => seen.push(received / (total ?? NaN)),
  });
  expect(content.equals(await readFile(target))).toBe(true);
  expect(await readdir(join(folder.path, 'deep'))).toEqual(['weights.h5']);
  expect(seen.at(-1)).toBe(1);
});

test('resumes after an interruption', async () => {
  await using folder = await temporaryFolder();
  const { listener, asked } = fileServer({ breaks: [1_000_000, 500_000] });
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  await download(server.url, target);
  expect(content.equals(await readFile(target))).toBe(true);
  expect(asked).toHaveLength(3);
  expect(asked[1]?.range).toMatch(/^bytes=[1-9]\d*-$/);
  expect(asked[2]?.sent).toBeLessThan(content.length);
});

test('resumes the unfinished download of an earlier process', async () => {
  await using folder = await temporaryFolder();
  const { listener, asked } = fileServer();
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  const gone = await deadProcess();
  await writeFile(`${target}.${gone}.part`, content.subarray(0, 2_000_000));
  await writeFile(`${target}.${gone}.part.validator`, '"v1"');
  await download(server.url, target);
  expect(asked).toEqual([{ range: 'bytes=2000000-', sent: 1_000_000 }]);
  expect(content.equals(await readFile(target))).toBe(true);
  expect(await readdir(folder.path)).toEqual(['weights.h5']);
});

test('checks the complete file of an earlier process without downloading it again', async () => {
  await using folder = await temporaryFolder();
  const { listener, asked } = fileServer();
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  const gone = await deadProcess();
  await writeFile(`${target}.${gone}.part`, content);
  await writeFile(`${target}.${gone}.part.validator`, '"v1"');
  await download(server.url, target);
  expect(asked).toEqual([{ range: `bytes=${content.length}-`, sent: 0 }]);
  expect(content.equals(await readFile(target))).toBe(true);
  expect(await readdir(folder.path)).toEqual(['weights.h5']);
});

test('starts over if the file on the server is shorter than the local part', async () => {
  await using folder = await temporaryFolder();
  const { listener, asked } = fileServer();
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  const gone = await deadProcess();
  await writeFile(`${target}.${gone}.part`, Buffer.concat([content, content]));
  await writeFile(`${target}.${gone}.part.validator`, '"v1"');
  await download(server.url, target);
  expect(asked.map(({ sent }) => sent)).toEqual([0, content.length]);
  expect(content.equals(await readFile(target))).toBe(true);
});

test('does not touch the partial file of a process that still runs', async () => {
  await using folder = await temporaryFolder();
  const { listener, asked } = fileServer();
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  await once(other, 'spawn');
  const half = `weights.h5.${String(other.pid)}.part`;
  await writeFile(join(folder.path, half), content.subarray(0, 1_000_000));
  await download(server.url, target);
  expect(asked[0]?.range).toBeUndefined();
  expect((await readdir(folder.path)).sort()).toEqual(['weights.h5', half]);
  other.stdin.end();
  await once(other, 'exit');
});

test('starts over if the file on the server has changed', async () => {
  await using folder = await temporaryFolder();
  const versions = ['"old"', '"new"'];
  const { listener, asked } = fileServer({ breaks: [1_000_000], etag: () => versions.shift() ?? '"new"' });
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  await download(server.url, target);
  expect(asked[1]?.sent).toBe(content.length);
  expect(content.equals(await readFile(target))).toBe(true);
});

test.each([
  ['sends no ETag or date', { etag: () => undefined }],
  ['sends a weak ETag', { etag: () => 'W/"v1"' }],
  ['does not support ranges', { ranges: false }],
])('starts over if the server %s', async (_name, kind) => {
  await using folder = await temporaryFolder();
  const { listener } = fileServer({ breaks: [1_000_000], ...kind });
  await using server = await serve(listener);
  const target = join(folder.path, 'weights.h5');
  await download(server.url, target);
  expect(content.equals(await readFile(target))).toBe(true);
});

test('deletes a file with a wrong checksum', async () => {
  await using folder = await temporaryFolder();
  const { listener } = fileServer({ body: () => Buffer.from('something else') });
  await using server = await serve(listener);
  await expect(download(server.url, join(folder.path, 'weights.h5'))).rejects.toMatchObject({
    code: 'ERR_WEIGHTS_CHECKSUM',
  });
  expect(await readdir(folder.path)).toEqual([]);
});

test('gives up on a server that keeps closing the connection, with a message of one line', async () => {
  await using folder = await temporaryFolder();
  const { listener } = fileServer({ breaks: Array.from({ length: 50 }, () => 0) });
  await using server = await serve(listener);
  await expect(download(server.url, join(folder.path, 'weights.h5'))).rejects.toMatchObject({
    code: 'ERR_WEIGHTS_INTERRUPTED',
    message: expect.stringMatching(/^[^\n]*Run the same command again[^\n]*$/),
  });
});

test('names the status of a server that does not have the file', async () => {
  await using folder = await temporaryFolder();
  await using server = await serve((_request, response) => response.writeHead(404).end());
  await expect(download(`${server.url}/w.h5`, join(folder.path, 'w.h5'))).rejects.toMatchObject({
    code: 'ERR_WEIGHTS_STATUS',
    message: expect.stringContaining('404'),
  });
});

test('reports an unreachable server in one line', async () => {
  await using folder = await temporaryFolder();
  await expect(download('http://no-such-host.invalid/w.h5', join(folder.path, 'w.h5'))).rejects.toMatchObject(
    {
      code: 'ERR_WEIGHTS_UNREACHABLE',
      message: expect.stringMatching(/^[^\n]*--weights FILE[^\n]*$/),
    },
  );
});

test('rejects a file whose announced length exceeds the limit', async () => {
  await using folder = await temporaryFolder();
  await using server = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 4_000_000_000 * 1_000 }).write('x');
  });
  await expect(download(server.url, join(folder.path, 'w.h5'))).rejects.toMatchObject({
    code: 'ERR_WEIGHTS_TOO_LARGE',
  });
});

test('reports a cache that is not writable', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'file'), '');
  await using server = await serve(fileServer().listener);
  await expect(download(server.url, join(folder.path, 'file', 'w.h5'))).rejects.toMatchObject({
    code: 'ERR_WEIGHTS_DISK',
  });
});

test('stops when the signal aborts, and keeps the part for a later download', async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  const reason = new Error('stopping');
  await using server = await serve((_request, response) => {
    response
      .writeHead(200, { etag: '"v1"', 'content-length': content.length })
      .write(content.subarray(0, 500_000));
  });
  const target = join(folder.path, 'w.h5');
  const begun = download(server.url, target, {
    signal: stop.signal,
    onProgress: () => {
      stop.abort(reason);
    },
  });
  await expect(begun).rejects.toBe(reason);
  expect((await readdir(folder.path)).sort()).toEqual([
    `w.h5.${process.pid}.part`,
    `w.h5.${process.pid}.part.validator`,
  ]);
});

/** Returns the id of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  if (child.pid === undefined) throw new Error('Node could not be started');
  return child.pid;
}
