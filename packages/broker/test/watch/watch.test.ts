import { createHook } from 'node:async_hooks';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { describe, expect, test } from '@jest/globals';

import { makeBroker } from '../support/brokers.js';
import { caughtError } from '../support/errors.js';
import { exit, spawned } from '../support/events.js';
import { gone, isAlive } from '../support/processes.js';
import { runProgram } from '../support/programs.js';
import { temporaryFolder } from '../support/temporary.js';

/** Writes a project, and returns the path of its folder. */
function project(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const PIPELINE = {
  'pipeline.mjs': "import { word } from './word.mjs'; export default () => ({ say: () => word });",
  'word.mjs': "export { word } from './word.cjs';",
  'word.cjs': "exports.word = require('./data.cjs');",
  'data.cjs': "module.exports = 'first';",
};

describe('with the option watch the processes are replaced when', () => {
  test.each([
    ["the pipeline's file", 'pipeline.mjs', "export default () => ({ say: () => 'second' });"],
    ['a file that it imports', 'word.mjs', "export const word = 'second';"],
    ['a file that is required', 'data.cjs', "module.exports = 'second';"],
  ])('%s changes', async (_, name, text) => {
    const folder = project(PIPELINE);
    const broker = makeBroker(join(folder, 'pipeline.mjs'), { watch: true });
    expect(await broker.call('say', [])).toBe('first');
    const next = spawned(broker);
    writeFileSync(join(folder, name), text);
    await next;
    expect(await broker.call('say', [])).toBe('second');
    expect(broker.stats().calls).toMatchObject({ failed: 0, refused: 0 });
  });

  test('an editor saves a file by replacing it, again and again', async () => {
    const folder = project(PIPELINE);
    const broker = makeBroker(join(folder, 'pipeline.mjs'), { watch: true });
    await broker.start();
    for (const word of ['second', 'third']) {
      const next = spawned(broker);
      writeFileSync(join(folder, 'new.tmp'), `export const word = '${word}';`);
      renameSync(join(folder, 'new.tmp'), join(folder, 'word.mjs'));
      await next;
      expect(await broker.call('say', [])).toBe(word);
    }
  });
});

test('with watch, a pipeline that cannot be loaded is loaded again when its file is corrected', async () => {
  const folder = project({ ...PIPELINE, 'word.mjs': 'export const word = ;' });
  const broker = makeBroker(join(folder, 'pipeline.mjs'), { watch: true, restart: { limit: 0 } });
  expect(await caughtError(broker.start())).toMatchObject({ code: 'ERR_DUAL_PIPELINE_START' });
  const ready = new Promise<void>((resolve) => {
    broker.on('state', (state) => {
      if (state === 'ready') resolve();
    });
  });
  writeFileSync(join(folder, 'word.mjs'), "export const word = 'corrected';");
  await ready;
  expect(await broker.call('say', [])).toBe('corrected');
});

test('a file that was read, touched without a change, or deleted replaces no process', async () => {
  const folder = project({ ...PIPELINE, 'other.mjs': '' });
  const broker = makeBroker(join(folder, 'pipeline.mjs'), { watch: true });
  await broker.start();
  rmSync(join(folder, 'data.cjs'));
  writeFileSync(join(folder, 'other.mjs'), 'changed');
  // There is no event for "nothing will happen": a change afterwards is the next thing that does.
  await pause(100);
  const next = spawned(broker);
  writeFileSync(join(folder, 'word.mjs'), "export const word = 'second';");
  await next;
  expect(await broker.call('say', [])).toBe('second');
  expect(broker.stats().restarts).toBe(1);
});

test('a file that the last call loads while the broker closes is not watched', async () => {
  const folder = project({
    'pipeline.mjs': `
      import { existsSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      export default () => ({
        load: async (gate, url) => {
          while (!existsSync(gate)) await setTimeout(2);
          return (await import(url)).word;
        },
      });`,
  });
  const other = project({ 'late.mjs': "export const word = 'late';" });
  let watchers = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'FSEVENTWRAP') watchers += 1;
    },
  }).enable();
  const broker = makeBroker(join(folder, 'pipeline.mjs'), { watch: true });
  await broker.start();
  const before = watchers;
  expect(before).toBeGreaterThan(0);
  const gate = join(folder, 'gate');
  const last = broker.call('load', [gate, pathToFileURL(join(other, 'late.mjs')).href]);
  const closed = broker.close();
  writeFileSync(gate, '');
  expect(await last).toBe('late');
  await closed;
  hook.disable();
  expect(watchers).toBe(before);
});

test('a new broker with watch takes the place of an earlier one of the same pipeline', async () => {
  const folder = project(PIPELINE);
  const module = join(folder, 'pipeline.mjs');
  const [earlier, other] = [1, 2].map((arg) => makeBroker(module, { watch: true, args: [arg] }));
  if (earlier === undefined || other === undefined) throw new Error('no brokers');
  await Promise.all([earlier.start(), other.start()]);
  const [pid] = earlier.stats().processes.map((one) => one.pid);
  const ended = exit(earlier);
  const later = makeBroker(module, { watch: true, args: [1] });
  expect(await later.call('say', [])).toBe('first');
  expect(await ended).toMatchObject({ reason: 'requested', pid });
  expect(isAlive(pid ?? 0)).toBe(false);
  expect(await other.call('say', [])).toBe('first');
});

test('together with node --watch, a restart of the program leaves no process behind', async () => {
  const [folder, sources] = [project(PIPELINE), project({ 'server.mjs': '' })];
  const command = [process.execPath, '--watch', `--watch-path=${sources}`];
  const program = runProgram('watched.mjs', [join(folder, 'pipeline.mjs')], command);
  const pidOf = async (): Promise<number> => Number((await program.line(/^spawned (\d+)$/))[1]);
  const first = await pidOf();
  await program.line(/^says first$/);
  writeFileSync(join(sources, 'server.mjs'), '// changed');
  const second = await pidOf();
  await program.line(/^says first$/);
  await gone(first);
  // The pipeline's own files are watched by the broker, which replaces its process only.
  writeFileSync(join(folder, 'word.mjs'), "export const word = 'second';");
  const third = await pidOf();
  await gone(second);
  program.process.kill('SIGTERM');
  await Promise.all([program.ended, gone(third)]);
});
