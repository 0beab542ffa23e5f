import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { output, run } from './support/command.js';
import { pack, published, tool } from './support/packages.js';
import { root } from './support/paths.js';
import { tempFolder, writeFiles } from './support/temp-folder.js';

/** The exports of a package: a path, or paths by condition. */
type Target = string | { readonly [condition: string]: Target };

function pathsOf(target: Target): string[] {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(pathsOf);
}

describe.each(published)('@dual/%s', (name) => {
  const folder = join(root, 'packages', name);

  test('passes publint', async () => {
    expect(await output(tool('publint'), ['run', '--strict', '--pack', 'npm'], { cwd: folder })).toMatch(
      /All good/,
    );
  });

  test('has correct types for every way in which it can be imported', async () => {
    // The broker's child is a program of its own.
    const profiles = {
      broker: ['node16', '--exclude-entrypoints', 'child'],
      http: ['node16'],
      keras: ['esm-only'],
    };
    const { code, lines } = await run(tool('attw'), ['--pack', '.', '--profile', ...profiles[name]], {
      cwd: folder,
    });
    expect(code === 0 ? '' : lines.join('\n')).toBe('');
  });

  test('packs only dist, its commands, LICENSE, README.md and package.json, without traces of the build machine', async () => {
    const destination = tempFolder();
    const { tarball, files } = await pack(name, destination);
    const commands = name === 'keras' ? ['bin/keras.js'] : [];
    expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(
      ['LICENSE', 'README.md', ...commands, 'package.json'].sort(),
    );
    expect(
      files.filter((file) => !/\.([cm]?js|d\.c?ts|map|json|txt)$/.test(file) && file.startsWith('dist/')),
    ).toEqual([]);

    execFileSync('tar', ['-xzf', tarball, '-C', destination]);
    const manifest = JSON.parse(readFileSync(join(destination, 'package', 'package.json'), 'utf8')) as {
      exports: Target;
    };
    const targets = pathsOf(manifest.exports);
    expect(files).toEqual(expect.arrayContaining(targets.map((target) => target.slice('./'.length))));

    // The tarball must not name the paths or the registry of the machine that packed it.
    const registry = new URL(
      await output('npm', ['config', 'get', 'registry', '--loglevel=error'], { cwd: root }),
    );
    const text = files.map((file) => readFileSync(join(destination, 'package', file), 'latin1')).join('\n');
    expect(text).not.toContain(root);
    expect(text).not.toContain(registry.host);
  });
});

test('npx runs the command of the packed @dual/keras', async () => {
  const { tarball } = await pack('keras', tempFolder());
  const folder = tempFolder();
  writeFiles(folder, { 'package.json': { private: true } });
  await output('npm', ['install', '--no-fund', '--no-audit', '--omit=optional', tarball], { cwd: folder });
  expect(await output('npx', ['--offline', '@dual/keras', '--help'], { cwd: folder })).toMatch(
    /^Usage: keras /,
  );
});

test('a clone that is not built has a command that package managers can link', () => {
  const { bin } = JSON.parse(readFileSync(join(root, 'packages', 'keras', 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  const tracked = execFileSync('git', ['ls-files', '-s', 'packages/keras/bin'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of Object.values(bin)) {
    expect(tracked).toContain(`packages/keras/${file.slice('./'.length)}\n`);
    expect(tracked).toMatch(/^100755 /);
  }
});

test('the packed broker has at most 135 kB, without source maps', async () => {
  const { tarball, files } = await pack('broker', tempFolder());
  expect(statSync(tarball).size).toBeLessThanOrEqual(135_000);
  expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
});

test('the broker has no dependencies', () => {
  const manifest = JSON.parse(
    readFileSync(join(root, 'packages', 'broker', 'package.json'), 'utf8'),
  ) as object;
  expect(Object.keys(manifest)).not.toContain('dependencies');
  expect(Object.keys(manifest)).not.toContain('optionalDependencies');
});

test('the lockfile names no host, so it works with every registry', () => {
  expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toMatch(/https?:\/\//);
});
