import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { run, start } from './support/command.js';
import { manifest, miniWorkspace, pretendInstalled } from './support/mini-workspace.js';
import { descendants, survivors } from './support/processes.js';
import { stops } from './support/stops.js';
import { tempFolder, writeFiles } from './support/temp-folder.js';

/** A package registry without packages. It answers only if `answering` is true. */
const server = createServer((_request, response) => {
  server.emit('asked');
  if (answering) response.writeHead(404).end('{}');
});
let answering = false;
let origin = '';

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The environment of a new user, with an empty home folder. The package registry is this test's server. */
function strangersEnvironment(): Record<string, string> {
  return {
    HOME: tempFolder(),
    npm_config_cache: tempFolder(),
    npm_config_registry: origin,
    // Otherwise npm would send the first request, to look for its own newest version.
    npm_config_update_notifier: 'false',
  };
}

describe.each(stops)('%s leaves no process behind', (_name, stop) => {
  test('while dependencies are installed', async () => {
    answering = false;
    const npm = start('npm', ['start'], { cwd: miniWorkspace(), env: strangersEnvironment() });
    await once(server, 'asked');
    const processes = descendants(npm.pid);
    expect(processes.map(({ command }) => command).join('\n')).toContain('dev/main.mjs start');
    stop(npm.pid);
    const { lines } = await npm.ended;
    expect(survivors(processes)).toEqual([]);
    expect(lines.join('\n')).toContain('Installing dependencies');
  });

  test('while the project is built', async () => {
    answering = false;
    const folder = miniWorkspace({
      'examples/vgg-service/package.json': {
        name: 'vgg-service',
        scripts: { build: 'wireit' },
        wireit: { build: { command: 'node hang.mjs' } },
      },
    });
    writeFiles(folder, { 'examples/vgg-service/hang.mjs': `await fetch('${origin}');` });
    await pretendInstalled(folder, ['wireit']);
    const npm = start('npm', ['start'], { cwd: folder });
    await once(server, 'asked');
    const processes = descendants(npm.pid);
    expect(processes.map(({ command }) => command).join('\n')).toContain('hang.mjs');
    stop(npm.pid);
    await npm.ended;
    expect(survivors(processes)).toEqual([]);
  });
});

describe('a failed set-up ends with one readable line and a non-zero code', () => {
  test('if the registry does not have a package', async () => {
    answering = true;
    const { code, lines } = await run('npm', ['start'], {
      cwd: miniWorkspace(),
      env: strangersEnvironment(),
    });
    expect(code).not.toBe(0);
    expect(lines.at(-1)).toBe('Could not install the dependencies: see the lines above.');
  });

  test('if the registry is unreachable', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const { code, lines } = await run('npm', ['start'], {
      cwd: miniWorkspace(),
      env: {
        ...strangersEnvironment(),
        npm_config_registry: `http://127.0.0.1:${port}/`,
        npm_config_fetch_retries: '0',
      },
    });
    expect(code).not.toBe(0);
    expect(lines.at(-1)).toMatch(
      /^Could not install the dependencies: the package registry could not be reached/,
    );
  });

  test('if the build fails', async () => {
    const folder = miniWorkspace({
      'examples/vgg-service/package.json': {
        name: 'vgg-service',
        scripts: { build: 'wireit' },
        wireit: { build: { command: 'echo what went wrong && exit 3' } },
      },
    });
    await pretendInstalled(folder, ['wireit']);
    const { code, lines } = await run('npm', ['start'], { cwd: folder });
    expect(code).not.toBe(0);
    expect(lines).toContain('what went wrong');
    expect(lines.at(-1)).toBe('The build failed: see the lines above.');
  });

  test('if Node is too old', async () => {
    const folder = miniWorkspace({ 'package.json': { ...manifest({}), engines: { node: '>=99.1' } } });
    for (const script of ['start', 'test']) {
      const { code, lines } = await run(process.execPath, ['dev/main.mjs', script], { cwd: folder });
      expect(code).toBe(1);
      expect(lines).toEqual([
        `This project needs Node 99.1 or newer, and this is Node ${process.versions.node}: ` +
          'install a newer one from https://nodejs.org and try again.',
      ]);
    }
  });
});

test('the service runs in the process that npm started, in the root folder, with the flags of the user', async () => {
  const folder = miniWorkspace({
    'examples/vgg-service/package.json': {
      name: 'vgg-service',
      type: 'module',
      scripts: { build: 'wireit' },
      wireit: { build: { command: 'mkdir -p dist && cp main.js dist/main.js' } },
    },
    'examples/vgg-service/main.js': 'console.log(JSON.stringify([process.argv.slice(1), process.cwd()]));',
  });
  await pretendInstalled(folder, ['wireit']);
  const { code, lines } = await run('npm', ['start', '--', '--port', '3000'], { cwd: folder });
  expect(code).toBe(0);
  const main = `${folder}/examples/vgg-service/dist/main.js`;
  expect(lines.at(-1)).toBe(JSON.stringify([[main, '--port', '3000'], folder]));
});

describe('npm start installs the dependencies again', () => {
  const lockfile = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n# as git pull might change it\n";
  test.each([
    ['the lockfile changed', { 'pnpm-lock.yaml': lockfile }],
    ['a package has other dependencies', { 'packages/one/package.json': { dependencies: { two: '2.0.0' } } }],
    ['pnpm was run by hand', { 'node_modules/.modules.yaml': '{ "included": {} }' }],
  ])('if %s', async (_name, change) => {
    answering = true;
    const folder = miniWorkspace();
    await pretendInstalled(folder, ['wireit']);
    writeFiles(folder, change);
    const { lines } = await run('npm', ['start'], { cwd: folder, env: strangersEnvironment() });
    // The registry has no packages, so the failure shows that an installation was attempted.
    expect(lines.at(-1)).toBe('Could not install the dependencies: see the lines above.');
  });
});
