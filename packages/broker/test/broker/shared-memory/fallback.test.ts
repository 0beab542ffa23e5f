import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { fixture, startBroker, type TestOptions } from '../../support/brokers.js';
import { expectSame } from '../../support/bytes.js';
import { runProgram } from '../../support/programs.js';
import { bytes, memory, MIB, sharedBy, startSharing } from '../../support/shared-memory.js';
import { temporaryFolder } from '../../support/temporary.js';

test('shared memory is used if koffi is installed, and stats() shows it', async () => {
  const broker = await startBroker(fixture('lent.mjs'));
  await broker.call('pid', []);
  expect(memory(broker)).toEqual({ size: 64 * MIB, used: 0 });
});

test('shared memory is not used if sharedMemory is false', async () => {
  const broker = await startSharing({ sharedMemory: false });
  expect(memory(broker)).toBeUndefined();
  expect(sharedBy('self')).toEqual([]);
  expectSame(await broker.call('echo', [bytes(MIB)]), bytes(MIB));
});

describe('without shared memory', () => {
  test('buffers go through the pipes if koffi cannot be loaded in the child', async () => {
    const broker = await startSharing({ execArgv: ['--no-addons'] });
    expect(memory(broker)).toBeUndefined();
    expectSame(await broker.call('echo', [bytes(MIB)]), bytes(MIB));
  });

  test('buffers go through the pipes if the system refuses to create the memory', async () => {
    // The limit on the size of files also applies to files in memory.
    const command = ['sh', '-c', `ulimit -f 1000; exec "$0" "$@"`, process.execPath];
    const { stdout } = await runProgram('broker.mjs', ['memory', '{}'], command).ended;
    expect(stdout).toBe('undefined\n1000000\n');
  });

  test.each([
    ['is not installed', undefined],
    ['cannot be loaded', 'throw new Error("no binary for this platform")'],
    ['is too old', 'exports.load = () => ({ func: () => () => ({}) })'],
  ])('buffers go through the pipes if koffi %s', async (_, source) => {
    const { stdout, stderr } = await runCopy(source, {}).ended;
    expect(stderr).toBe('');
    expect(stdout).toBe('undefined\n1000000\n');
  });

  test.each([
    ['is not installed', undefined, true],
    ['is not installed', undefined, { size: 2 * MIB }],
    ['cannot be loaded', 'throw new Error("no binary for this platform")', true],
  ])(
    'the constructor throws and names the remedy if koffi %s, but the option asks for it',
    async (_, source, sharedMemory) => {
      const { stderr } = await runCopy(source, { sharedMemory }).ended;
      expect(stderr).toMatch(/InvalidOptionError: sharedMemory .*npm install koffi/);
      expect(stderr).toContain("option: 'sharedMemory'");
    },
  );
});

/** Runs a program with a copy of the package that finds no koffi, or a koffi with this source. */
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
