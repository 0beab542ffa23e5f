import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { bench } from '../support/bench.js';
import { temporaryFolder } from '../support/temporary.js';

const tiny = ['--seconds', '0.05', '--tasks', 'small', '--contenders', 'broker,fork-advanced'];

test('prints the table and the goals, and leaves no process behind', async () => {
  const folder = temporaryFolder();
  const json = join(folder, 'figures.json');
  const { code, output, leftovers } = await bench(folder, ...tiny, '--json', json).ended;
  expect(output).toMatch(/\| @dual\/broker +\| +[\d.]+ \|/);
  expect(output).toMatch(/\| child_process\.fork, advanced +\| +[\d.]+× \|/);
  expect(output).toMatch(/(reached|missed).*: small call, 1 in flight, against fork-advanced/);
  expect({ code, leftovers }).toEqual({ code: 0, leftovers: false });
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    contenders: [
      { name: 'broker', tasks: { small: { turns: 1 } } },
      { name: 'fork-advanced', tasks: { small: { turns: 1 } } },
    ],
  });
  expect(existsSync(join(folder, 'dual-broker-bench.lock'))).toBe(false);
});

test('refuses to start while another run is measuring', async () => {
  const folder = temporaryFolder();
  const first = bench(folder, ...tiny, '--seconds', '600');
  await first.says('measuring');
  const second = await bench(folder, ...tiny).ended;
  expect(second).toMatchObject({ code: 2, leftovers: false });
  expect(second.output).toContain(`process ${String(first.process.pid)} is running the benchmark`);

  first.process.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 1, leftovers: false });
  expect(await bench(folder, ...tiny).ended).toMatchObject({ code: 0 });
});

test('ignores the lock of a run that was killed', async () => {
  const folder = temporaryFolder();
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(join(folder, 'dual-broker-bench.lock'), String(pid));
  expect(await bench(folder, ...tiny).ended).toMatchObject({ code: 0 });
});

test('rejects an unknown name, and lists the known ones', async () => {
  const { code, output } = await bench(temporaryFolder(), '--contenders', 'brokr').ended;
  expect(code).toBe(2);
  expect(output).toMatch(/--contenders takes broker, .*not 'brokr'/);
});
