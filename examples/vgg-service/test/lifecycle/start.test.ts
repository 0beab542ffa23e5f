import { cpSync, readFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';

import { type Answer, form, post } from '../support/post.js';
import { samples } from '../support/samples.js';
import { freePort, serve } from '../support/server.js';
import { startService, TestService } from '../support/service.js';
import { shared, testWith } from '../support/shared.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const demonstration = fileURLToPath(new URL('../../model/fashion_vgg16.h5', import.meta.url));
const oneLine = /^[^\n]+\n$/;

/** Starts the service, waits for its end, and checks that it printed one readable line. */
async function failure(args: string[], env: Record<string, string> = {}, cwd?: string) {
  await using service = new TestService({ args, env, ...(cwd === undefined ? {} : { cwd }) });
  const { code } = await service.exited;
  expect(service.stderr).toMatch(oneLine);
  expect(service.stderr).not.toMatch(/\bat .*:\d+:\d+|Error:/);
  expect(service.stdout).not.toContain('Ready');
  return { code, line: service.stderr.trim() };
}

const damaged = 'vectors/vgg/vgg16_small_bad_';
for (const [name, says] of [
  ['truncated', /cut short|truncated/i],
  ['not_hdf5', /not an? HDF5/i],
  ['missing_layer', /block3_conv2/],
  ['wrong_shape', /block2_conv1/],
  ['extra_layer', /fc3/],
  ['nan', /fc2/],
  ['listed_not_present', /fc1/],
] as const) {
  testWith(`${damaged}${name}.h5`)(
    `damaged weights (${name}) end the service with code 1 and a line that names the fault`,
    async () => {
      const { code, line } = await failure(['--weights', shared(`${damaged}${name}.h5`)]);
      expect(code).toBe(1);
      expect(line).toMatch(says);
    },
  );
}

test('missing weights end the service with code 1 and a line that names the file', async () => {
  const { code, line } = await failure(['--weights', '/no/such/weights.h5']);
  expect(code).toBe(1);
  expect(line).toBe('--weights: The model file does not exist: /no/such/weights.h5');
});

test('truncated weights end the service with code 1', async () => {
  await using folder = await temporaryFolder();
  const half = join(folder.path, 'half.h5');
  await writeFile(half, readFileSync(demonstration).subarray(0, 2_000_000));
  expect((await failure([], { VGG_WEIGHTS: half })).code).toBe(1);
});

test('a folder, an empty file or a text file as weights ends the service with code 1', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'empty.h5'), '');
  await writeFile(join(folder.path, 'text.h5'), 'hello');
  expect((await failure(['--weights', folder.path])).code).toBe(1);
  expect((await failure(['--weights', join(folder.path, 'empty.h5')])).code).toBe(1);
  expect((await failure(['--weights', join(folder.path, 'text.h5')])).code).toBe(1);
});

test('a weights URL that answers 404 ends the service with code 1 and a line that names the source of the URL', async () => {
  await using folder = await temporaryFolder();
  await using server = await serve((_request, response) => response.writeHead(404).end());
  const url = `${server.url}/w.h5`;
  const env = { XDG_CACHE_HOME: folder.path };
  const says = `127.0.0.1:${server.port} answered 404 Not Found for /w.h5. Check the URL, or try again later`;
  expect(await failure(['--weights', url], env)).toEqual({ code: 1, line: `--weights: ${says}` });
  expect(await failure([], { ...env, VGG_WEIGHTS: url })).toEqual({ code: 1, line: `VGG_WEIGHTS: ${says}` });
});

test('a port in use ends the service with code 1 and a line that names the port', async () => {
  await using server = await serve((_request, response) => response.end());
  const { code, line } = await failure(['--port', `${server.port}`]);
  expect(code).toBe(1);
  expect(line).toBe(`Port ${server.port} is in use by another program. Choose another one with --port.`);
});

test.each([
  [['--prot', '80'], '--prot'],
  [['--port', 'http'], '--port http'],
  [['--port', '70000'], '--port 70000'],
  [['--engine', 'abacus'], '--engine abacus'],
  [['--kernels', 'soft'], '--kernels soft'],
  [['--processes', '0'], '--processes 0'],
  [['--processes', '1.5'], '--processes 1.5'],
  [['--processes', '1000'], '--processes 1000'],
  [['--processes', 'all'], '--processes all'],
  [['weights.h5'], 'weights.h5'],
])('the command line %j ends the service with code 2 and a line that names the fault', async (args, says) => {
  const { code, line } = await failure(args);
  expect(code).toBe(2);
  expect(line).toContain(says);
});

test('the line for an option that npm consumed shows the right command', async () => {
  // npm turns `npm start --port 3140` into this.
  const { code, line } = await failure(['3140'], { npm_config_port: 'true' });
  expect(code).toBe(2);
  expect(line).toContain("'3140'");
  expect(line).toContain('npm start -- --port 3140');
});

const keras1 = 'vectors/vgg/vgg16_small_keras1_th.h5';
testWith(keras1)(
  'a Keras 1 file with kernels of unknown orientation ends the service with a line that names --kernels',
  async () => {
    const { code, line } = await failure(['--weights', shared(keras1)]);
    expect(code).toBe(1);
    expect(line).toContain('--kernels convolution');
    expect(line).not.toContain('option kernels');
  },
);

test('labels that do not fit the model end the service with code 1', async () => {
  await using folder = await temporaryFolder();
  const labels = join(folder.path, 'labels.txt');
  await writeFile(labels, 'one\ntwo\n');
  const { code, line } = await failure(['--labels', labels]);
  expect(code).toBe(1);
  expect(line).toBe(
    'The labels file has 2 labels, but the model has 10 classes. Give --labels a file with one label per class.',
  );
});

test('--help lists every flag and exits with code 0', async () => {
  await using service = new TestService({ args: ['--help'] });
  expect((await service.exited).code).toBe(0);
  for (const flag of [
    '--port',
    '--host',
    '--model',
    '--preprocess',
    '--size',
    '--weights',
    '--download',
    '--engine',
    '--processes',
    '--labels',
    '--kernels',
    '--allow-private',
  ]) {
    expect(service.stdout).toContain(flag);
  }
});

test('vgg16_weights.h5 in the working directory takes precedence over the demonstration model', async () => {
  await using folder = await temporaryFolder();
  cpSync(demonstration, join(folder.path, 'vgg16_weights.h5'));
  await using service = await startService({ cwd: folder.path });
  const { text } = await post(service, { headers: { accept: 'application/json' } });
  const { model, label } = JSON.parse(text) as Answer;
  expect(model).toMatchObject({ name: 'vgg16_weights.h5', demonstration: false });
  expect(label).toBe('class 7');
});

test('weights from a URL are downloaded once and kept in the cache', async () => {
  await using folder = await temporaryFolder();
  let fetched = 0;
  await using server = await serve((_request, response) => {
    fetched++;
    response.end(readFileSync(demonstration));
  });
  const options = {
    args: [
      '--weights',
      `${server.url}/fashion.h5`,
      '--labels',
      fileURLToPath(new URL('../../model/labels.txt', import.meta.url)),
    ],
    env: { XDG_CACHE_HOME: folder.path },
  };
  for (let start = 0; start < 2; start++) {
    await using service = await startService(options);
    expect(await post(service, {})).toMatchObject({ status: 200, text: 'Sneaker\n' });
  }
  expect(fetched).toBe(1);
});

test.each([
  ['a login page', Buffer.from('<!doctype html><title>Log in</title>')],
  ['half the file, without its length', readFileSync(demonstration).subarray(0, 2_000_000)],
])('if a weights URL answered with %s, the next start downloads the weights again', async (_what, wrong) => {
  await using folder = await temporaryFolder();
  let right = false;
  await using server = await serve((_request, response) => {
    if (right) response.end(readFileSync(demonstration));
    else response.socket?.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), wrong]));
  });
  const args = ['--weights', `${server.url}/fashion.h5`];
  const env = { XDG_CACHE_HOME: folder.path };
  await using failed = new TestService({ args, env });
  expect((await failed.exited).code).toBe(1);
  expect(failed.stderr).toMatch(/run the same command again[^\n]*\n$/);
  expect(await readdir(join(folder.path, 'dual-keras'))).toEqual([]);
  right = true;
  await using service = await startService({ args, env });
  expect(await post(service, {})).toMatchObject({ status: 200 });
});

test('while the weights are downloading, the page answers and the service is not ready', async () => {
  await using folder = await temporaryFolder();
  const finish: (() => void)[] = [];
  await using server = await serve((_request, response) => {
    finish.push(() => response.end(readFileSync(demonstration)));
  });
  const port = await freePort();
  await using service = new TestService({
    args: ['--port', `${port}`, '--weights', `${server.url}/slow.h5`],
    env: { XDG_CACHE_HOME: folder.path },
  });
  while (finish.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const url = `http://127.0.0.1:${port}`;
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const ready = await fetch(`${url}/health/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ state: 'starting' });
  const refused = await post({ url }, { body: form({ file: samples[0]?.bytes ?? new Uint8Array() }) });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('2');
  for (const send of finish) send();
  await service.ready();
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
});
