import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { expect, test } from '@jest/globals';

import { fixture, makeBroker, startBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary.js';

const who = async (module: string | URL, options: Parameters<typeof makeBroker>[1] = {}): Promise<unknown> =>
  (await startBroker(module, { args: ['a', 1], ...options })).call('who', []);

test.each([
  ['a class as the default export of an ES module', 'esm.mjs', ['default class', 'a', 1]],
  ['a function makePipeline of an ES module', 'named.mjs', ['makePipeline', 'a', 1]],
  ['a class as module.exports of CommonJS', 'class.cjs', ['cjs class', 'a', 1]],
  ['a function exports.makePipeline of CommonJS', 'named.cjs', ['cjs makePipeline', 'a', 1]],
  ['an ES5 class that TypeScript compiled to CommonJS', 'compiled.cjs', ['es5 class', 'a', 1]],
  ['TypeScript, through tsx', 'typescript.ts', ['typescript', 'a', 1]],
  ['TypeScript by the name of its compiled file', 'typescript.js', ['typescript', 'a', 1]],
])('loads %s', async (_, file, answer) => {
  expect(await who(fixture(`modules/${file}`))).toEqual(answer);
});

test('the option export selects another export, which may be an async function', async () => {
  expect(await who(fixture('modules/esm.mjs'), { export: 'later' })).toEqual(['later', 'a', 1]);
});

test('loads a path and a URL as a string', async () => {
  const url = fixture('modules/named.mjs');
  expect(await who(fileURLToPath(url))).toEqual(['makePipeline', 'a', 1]);
  expect(await who(url.href)).toEqual(['makePipeline', 'a', 1]);
});

test('loads a path with spaces, #, % and ?', async () => {
  const path = join(fileURLToPath(fixture('modules')), 'odd folder #1 100%', 'pipeline?.mjs');
  expect(await who(path)).toEqual(['makePipeline', 'a', 1]);
  expect(await who(pathToFileURL(path))).toEqual(['makePipeline', 'a', 1]);
});

test('resolves a package name from the working directory', async () => {
  const folder = temporaryFolder();
  const home = join(folder, 'node_modules', '@some', 'pipeline');
  mkdirSync(home, { recursive: true });
  cpSync(fileURLToPath(fixture('modules/named.mjs')), join(home, 'main.mjs'));
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({ name: '@some/pipeline', exports: './main.mjs' }),
  );
  const broker = await startBroker('@some/pipeline', { cwd: folder, args: ['a'] });
  expect(await broker.call('who', [])).toEqual(['makePipeline', 'a']);
});

test('does not treat a pipeline with a method `then` as a promise', async () => {
  const broker = await startBroker(fixture('methods.mjs'));
  expect(await broker.call('plain', [])).toBe('plain of it');
});

test.each([
  ['./pipeline.js', 'relative'],
  ['../pipeline.js', 'relative'],
  ['', 'file URL'],
  ['https://example.org/pipeline.js', 'file'],
])('the constructor rejects the module %j', (module, message) => {
  expect(() => makeBroker(module)).toThrow(
    expect.objectContaining({ option: 'module', message: expect.stringContaining(message) }),
  );
});

test('the constructor rejects a URL that is no file URL', () => {
  expect(() => makeBroker(new URL('https://example.org/pipeline.js'))).toThrow(
    expect.objectContaining({ option: 'module' }),
  );
});

test.each([
  [{ export: 'notThere' }, /export "notThere".*exports .*makePipeline/],
  [{ export: 'notCallable' }, /export "notCallable"/],
  [{ export: 'makesNothing' }, /must be an object with methods.*undefined/],
])('the start fails with an explanation if the export is wrong (%j)', async (options, message) => {
  const broker = makeBroker(fixture('modules/esm.mjs'), options);
  const error = await caughtError(broker.start());
  expect(error).toMatchObject({ name: 'PipelineStartError', code: 'ERR_DUAL_PIPELINE_START' });
  expect(error.message).toMatch(message);
});
