import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { output } from './support/command.js';
import { pack } from './support/packages.js';
import { root } from './support/paths.js';
import { tempFolder, writeFiles } from './support/temp-folder.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

test("the README's example runs as printed and prints the output in the README", async () => {
  const [pipeline = '', main = ''] = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(
    ([, code]) => code ?? '',
  );
  const { tarball } = await pack('broker', tempFolder());
  const folder = tempFolder();
  writeFiles(folder, { 'package.json': { private: true }, 'pipeline.mjs': pipeline, 'main.mjs': main });
  const env = { npm_config_cache: tempFolder(), npm_config_offline: 'true', npm_config_audit: 'false' };
  await output('npm', ['install', '--no-fund', tarball], { cwd: folder, env });

  const [, promised] = /^```sh\n\$ node main\.mjs\n(.*?)^```/ms.exec(readme) ?? [];
  expect(await output(process.execPath, ['main.mjs'], { cwd: folder })).toBe(promised?.trimEnd());
});

test("the README's example has at most 20 lines", () => {
  const code = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, block]) => block ?? '').join('');
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
});

test('every file that the README links to exists', () => {
  const links = [...readme.matchAll(/\]\((?!http)([^)#]+)/g)].map(([, path]) => path ?? '');
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});

test("the broker's README and the root README have the same table of failures", () => {
  const rows = (text: string): string[] => text.split('\n').filter((line) => /^\| (?!-)/.test(line));
  const section = (text: string): string =>
    text.slice(text.indexOf('## What happens on failure')).split('\n## ')[0] ?? '';
  const own = readFileSync(join(root, 'packages', 'broker', 'README.md'), 'utf8');
  expect(rows(section(own)).length).toBeGreaterThan(10);
  expect(rows(section(own))).toEqual(rows(section(readme)));
});
