import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { output } from './support/command.js';
import { root } from './support/paths.js';

const folder = join(root, 'examples', 'quickstart');

test('the quickstart prints the output in its README: ticks only while the other process computes', async () => {
  const printed = await output('npm', ['run', '--silent', 'quickstart'], { cwd: root });
  const [own, same, ...rest] = printed.split('\n').filter((line) => line !== 'Building …');
  const line = /^(in .*:) +(\d+) primes, (\d+) ticks$/;
  const [, , primes, ticks] = line.exec(own ?? '') ?? [];
  // The number of primes below 30,000,000.
  expect(primes).toBe('1857859');
  expect(Number(ticks)).toBeGreaterThan(0);
  expect(same).toBe('in this process:         1857859 primes, 0 ticks');
  expect(rest).toEqual([]);

  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const shown = readme.split('\n').map((text) => text.replace(/\d+ ticks/, 'N ticks'));
  expect(shown).toEqual(
    expect.arrayContaining([own, same].map((text) => text?.replace(/\d+ ticks/, 'N ticks'))),
  );
});

test('the files of the quickstart have fewer than 40 lines together', () => {
  const sources = readdirSync(folder).filter((name) => /\.(js|ts)$/.test(name));
  const lines = sources.flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  expect(lines.length).toBeLessThan(40);
});
