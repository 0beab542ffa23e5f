import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { fixture, startBroker, type TestOptions } from '../../support/brokers.js';
import { expectSame } from '../../support/bytes.js';
import { runProgram } from '../../support/programs.js';
import { bytes, memory, MIB, sharedBy, startSharing } from '../../support/shared-memory.js';
import { temporaryFolder } from '../../support/temporary.js';

test('it is used where koffi is installed, and told by stats()', async () => {
  const broker = await startBroker(fixture('lent.mjs'));
  await broker.call('pid', []);
  expect(memory(broker)).toEqual({ size: 64 * MIB, used: 0 });
});

test('sharedMemory: false: not used', async () => {
  const broker = await startSharing({ sharedMemory: false });
  expect(memory(broker)).toBeUndefined();
  expect(sharedBy('self')).toEqual([]);
  expectSame(await broker.call('echo', [bytes(MIB)]), bytes(MIB));
});

describe('where there is none, all goes through the pipes', () => {
  test('koffi cannot be loaded in the child', async () => {
    const broker = await startSharing({ execArgv: ['--no-addons'] });
    expect(memory(broker)).toBeUndefined();
    expectSame(await broker.call('echo', [bytes(MIB)]), bytes(MIB));
  });

  test('the system refuses', async () => {
    // No file may be larger than that, not even in memory.
    const command = ['sh', '-c', `ulimit -f 1000; exec "$0" "$@"`, process.execPath];
    const { stdout } = await runProgram('broker.mjs', ['memory', '{}'], command).ended;
    expect(stdout).toBe('undefined\n1000000\n');
  });

  test.each([
    ['is not installed', undefined],
    ['cannot be loaded', 'throw new Error("no binary for this platform")'],
    ['is too old to be of use', 'exports.load = () => ({ func: () => () => ({}) })'],
  ])('koffi %s', async (_, source) => {
    const { stdout, stderr } = await runCopy(source, {}).ended;
    expect(stderr).toBe('');
    expect(stdout).toBe('undefined\n1000000\n');
  });

  test.each([
    ['is not installed', undefined, true],
    ['is not installed', undefined, { size: 2 * MIB }],
    ['cannot be loaded', 'throw new Error("no binary for this platform")', true],
  ])('koffi %s, and it was asked for: refused, with what to do', async (_, source, sharedMemory) => {
    const { stderr } = await runCopy(source, { sharedMemory }).ended;
    expect(stderr).toMatch(/InvalidOptionError: sharedMemory .*npm install koffi/);
    expect(stderr).toContain("option: 'sharedMemory'");
  });
});

/** A program on a copy of the package that finds no koffi, or the one with this source. */
function runCopy(koffi: string | undefined, options: TestOptions): ReturnType<typeof runProgram> {
  const folder = temporaryFolder();
  const scope = join(folder, 'node_modules/@dual/broker');
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  for (const name of ['dist', 'package.json'])
    cpSync(join(root, name), join(scope, name), { recursive: true });
  if (koffi !== undefined) {
    mkdirSync(join(folder, 'node_modules/koffi'));
    writeFileSync(join(folder, 'node_modules/koffi/index.js'), koffi);
  }
  const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
  cpSync(fixtures, join(folder, 'fixtures'), { recursive: true });
  return runProgram(join(folder, 'fixtures/programs/broker.mjs'), ['memory', JSON.stringify(options)]);
}
