import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Broker } from '@dual/broker';
import { describe, expect, test } from '@jest/globals';

import { socketPath } from '../../src/process/wire.js';
import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { runProgram } from '../support/programs.js';
import { temporaryFolder, temporaryPath } from '../support/temporary.js';

const INVALID = { name: 'InvalidOptionError', code: 'ERR_DUAL_INVALID_OPTION' };

describe("the program's flags mean the same in a child", () => {
  describe.each([
    ['of another working directory', '/'],
    ['of the same', ''],
  ])('%s', (_, cwd) => {
    test.each([
      ['--import ./imported.mjs -r ./required.cjs', ['required', 'imported']],
      ['--import dual -r dual', ['dual, required', 'dual, imported']],
      ['--import=import-only', ['import only']],
      ['--require="./a blank.cjs"', ['with a blank']],
      ['--env-file=variables.env', ['read']],
      ['--env-file variables.env', ['read']],
      ['--no-warnings --loader ./loader.mjs --import ./imported.mjs', ['imported']],
    ])('%s', async (flags, loaded) => {
      expect(await loadedWith({ flags, cwd })).toEqual(loaded);
    });

    test.each([
      ['--import ./imported.mjs --require="./a blank.cjs"', ['with a blank', 'imported']],
      ['--import dual --max-old-space-size=512', ['dual, imported']],
    ])('NODE_OPTIONS=%s', async (options, loaded) => {
      expect(await loadedWith({ options, cwd })).toEqual(loaded);
    });
  });

  async function loadedWith(started: { flags?: string; options?: string; cwd: string }): Promise<unknown> {
    const { flags = '', options = '', cwd } = started;
    const shell = `cd "$1"; shift; NODE_OPTIONS="$1"; shift; export NODE_OPTIONS; exec "$0" ${flags} "$@"`;
    const command = ['/bin/sh', '-c', shell, process.execPath, folderOfFlags(), options];
    const { stdout, stderr } = await runProgram('flags.mjs', [cwd], command).ended;
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }
});

/** A folder with modules and packages that flags load. */
function folderOfFlags(): string {
  const folder = temporaryFolder();
  const files = {
    'imported.mjs': push('imported'),
    'required.cjs': push('required'),
    'a blank.cjs': push('with a blank'),
    'variables.env': 'FROM_FILE=read',
    'loader.mjs': `export const initialize = () => undefined;`,
    'node_modules/dual/package.json': '{ "exports": { "import": "./index.mjs", "require": "./index.cjs" } }',
    'node_modules/dual/index.mjs': push('dual, imported'),
    'node_modules/dual/index.cjs': push('dual, required'),
    'node_modules/import-only/package.json': '{ "exports": { "import": "./index.mjs" } }',
    'node_modules/import-only/index.mjs': push('import only'),
  };
  for (const name of ['dual', 'import-only'])
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function push(name: string): string {
  return `(globalThis.loaded ??= []).push(${JSON.stringify(name)});`;
}

test('a program that names its own file as the module is refused, and starts one process', async () => {
  const loads = temporaryPath();
  const { stdout, exitCode } = await runProgram('own-module.mjs', [loads]).ended;
  expect(exitCode).toBe(1);
  expect(stdout).toContain('a file of its own');
  expect(readFileSync(loads, 'utf8')).toBe('..');
});

test('the module may have a query, as hot reload adds it, also if it is TypeScript', async () => {
  const url = new URL('?v=2', fixture('modules/typescript.ts'));
  const broker = makeBroker(url);
  await broker.start();
  expect(Object.keys(broker.pipeline).length).toBeGreaterThan(0);
});

test('the address of the private socket fits, however long the name of the temporary folder is', () => {
  const long = `/${'long/'.repeat(30)}`;
  expect(Buffer.byteLength(socketPath(long, 'name.sock'))).toBeLessThanOrEqual(100);
  expect(socketPath('/tmp/folder', 'name.sock')).toBe('/tmp/folder/name.sock');
});

test('execPath names the executable that runs the child', async () => {
  const script = temporaryPath();
  writeFileSync(script, `#!/bin/sh\nVIA=script exec ${JSON.stringify(process.execPath)} "$@"\n`);
  chmodSync(script, 0o755);
  const broker = await startBroker(undefined, { execPath: script });
  expect(await broker.call('environment', ['VIA'])).toBe('script');
});

test('execArgv may be a function of the index', async () => {
  const broker = await startBroker(undefined, {
    processes: 2,
    execArgv: (index) => [`--stack-trace-limit=${20 + index}`],
  });
  const flags = await Promise.all(['a', 'b'].map((affinity) => broker.call('execArgv', [], { affinity })));
  expect(flags.flat().sort()).toEqual(['--stack-trace-limit=20', '--stack-trace-limit=21']);
  expect(() => makeBroker(undefined, { execArgv: () => [1] as unknown as string[] })).toThrow(
    expect.objectContaining({ ...INVALID, option: 'execArgv' }),
  );
});

/** The command of a program that may read this repository, and has only those permissions of Node besides. */
function restricted(...permissions: readonly string[]): string[] {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const repository = fileURLToPath(new URL('../../../../', import.meta.url));
  return [process.execPath, '--no-warnings', flag, `--allow-fs-read=${repository}`, ...permissions];
}

test('without permissions of Node, every way to bring processes up rejects', async () => {
  const { stdout } = await runProgram('permissions-start.mjs', [], restricted()).ended;
  const ways = ['start', 'second start', 'reload', 'ready', 'first reload', 'Broker.start'];
  const outcomes = ways.map((way) => `${way}: ERR_DUAL_PIPELINE_START`);
  expect(stdout.trim().split('\n')).toEqual([...outcomes, 'closed']);
});

test('a permission to read the program is enough, whatever the working directory of the pipeline is', async () => {
  const net = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
  const flags = restricted('--allow-child-process', '--allow-worker', ...net);
  const { stdout } = await runProgram('permissions-elsewhere.mjs', [temporaryFolder()], flags).ended;
  expect(stdout).toBe('allowed\npackage.js\n');
});

describe('the error says what to write instead', () => {
  test.each<[string, unknown, RegExp]>([
    [
      'a class',
      class Pipeline {
        run = 1;
      },
      /not a class: .*new URL\(.*import\.meta\.url\)/,
    ],
    ['a function', () => ({}), /not a function: .*a file of its own/],
    ['a relative path', './pipeline.mjs', /require\.resolve\("\.\/pipeline\.mjs"\)/],
  ])('for %s as module', (_, module, message) => {
    expect(() => new Broker(module as string)).toThrow(
      expect.objectContaining({ ...INVALID, option: 'module' }),
    );
    expect(() => new Broker(module as string)).toThrow(message);
  });

  test('for a file without "./"', () => {
    const cwd = new URL('.', fixture('pipeline.mjs')).pathname;
    expect(() => makeBroker('pipeline.mjs', { cwd })).toThrow(
      /new URL\("\.\/pipeline\.mjs", import\.meta\.url\)/,
    );
  });

  test('for a package that does not exist, without naming a file that does not exist either', async () => {
    const error = await caughtError(makeBroker('no-such-package').start());
    expect(error.message).toContain('there is no package "no-such-package" in the working directory');
    expect(error.message).toContain("new URL('./pipeline.js', import.meta.url)");
    expect(error).toMatchObject({ cause: { code: 'ERR_MODULE_NOT_FOUND' } });
  });

  test('for permissions that Node does not grant', async () => {
    const withFlags = async (...flags: string[]): Promise<string> =>
      (await runProgram('permissions.mjs', [], restricted(...flags)).ended).stdout;
    const net = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
    const needed = ['--allow-child-process', '--allow-worker', ...net];
    const nothing = await withFlags();
    expect(nothing).toContain(`ERR_DUAL_PIPELINE_START`);
    expect(nothing).toContain(`start it with ${needed.join(' ')} too`);
    expect(nothing).toContain('(tried once)');
    expect(await withFlags('--allow-child-process', ...net)).toContain('start it with --allow-worker too');
    expect(await withFlags(...needed)).toBe('allowed\n1 processes\n');
  });

  test('for a task function as default export', async () => {
    const broker = makeBroker(`data-of-${Date.now()}`, {});
    expect((await caughtError(broker.start())).message).toContain('there is no package');
    const file = `${temporaryPath()}.mjs`;
    writeFileSync(file, 'export default (x) => 2 * x;');
    const error = await caughtError(makeBroker(file).start());
    expect(error.message).toContain("export default () => ({ run: (value) => … }), and call 'run'");
  });

  test.each<[string, object, string]>([
    ['conccurrency', { conccurrency: 2 }, 'did you mean concurrency?'],
    ['restart.limits', { restart: { limits: 2 } }, 'did you mean restart.limit?'],
    ['timeOut', { timeOut: 2 }, 'did you mean timeout?'],
  ])('for the unknown option %s', (option, options, hint) => {
    expect(() => makeBroker(undefined, options)).toThrow(expect.objectContaining({ ...INVALID, option }));
    expect(() => makeBroker(undefined, options)).toThrow(hint);
  });

  test.each<[string, () => unknown, string]>([
    [
      'an option of a call given to the broker',
      () => makeBroker(undefined, { retries: 1 } as object),
      'retries is an option of a call',
    ],
    [
      'an AbortController as signal',
      () => makeBroker().submit('echo', [1], { signal: new AbortController() as unknown as AbortSignal }),
      'not an AbortController: give its signal',
    ],
    [
      'an array of the wrong kind',
      () => makeBroker(undefined, { execArgv: [1] as unknown as string[] }),
      'not an array with 1',
    ],
    ['JSON as module', () => makeBroker('/data/model.json'), 'model.json is JSON'],
    ['null as method', () => makeBroker().submit(null as unknown as string, []), 'not as null'],
  ])('for %s', (_, act, message) => {
    expect(act).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(act).toThrow(message);
  });

  test('for a method that the pipeline lacks', async () => {
    const error = await caughtError((await startBroker()).call('ecco', [1]));
    expect(error).toMatchObject({ name: 'UnknownMethodError' });
    expect(error.message).toContain('(did you mean echo?); there are: ');
    expect(error.message).toMatch(/ and \d+ more/);
  });

  test.each(['call', 'start', 'ready', 'reload'] as const)('for %s after drain()', async (method) => {
    const broker = await startBroker();
    await broker.drain();
    const act = method === 'call' ? broker.call('echo', [1]) : broker[method]();
    const error = await caughtError(act);
    expect(error).toMatchObject({ name: 'BrokerClosedError' });
    expect(error.message).toBe('the broker takes no more calls: drain() was called');
    await broker.close();
    const later = method === 'call' ? broker.call('echo', [1]) : broker[method]();
    expect((await caughtError(later)).message).toBe('the broker is closed');
  });

  test('for an unknown option of a call', async () => {
    const broker = makeBroker();
    const error = await caughtError(broker.call('echo', [1], { proirity: 1 } as object));
    expect(error).toMatchObject({ ...INVALID, option: 'proirity' });
    expect(error.message).toContain('did you mean priority?');
  });

  test('for a variable of the environment that is no string', () => {
    const env = { THREADS: 1 } as unknown as Record<string, string>;
    expect(() => makeBroker(undefined, { env })).toThrow(/env\.THREADS must be a string/);
  });
});
