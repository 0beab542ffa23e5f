import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { output } from './support/command.js';
import { install, packedBroker, project } from './support/consumer.js';
import { tool } from './support/packages.js';
import { root } from './support/paths.js';
import { tempFolder } from './support/temp-folder.js';

/** Creates a project with these files and installs the packed broker with npm, without a registry. */
async function consumer(path: string, files: Readonly<Record<string, string | object>>): Promise<string> {
  const folder = project(path, files);
  // The cache is empty too, so npm can install only the tarball.
  await install(folder, [await packedBroker()], {
    npm_config_cache: tempFolder(),
    npm_config_offline: 'true',
  });
  return folder;
}

const pipeline = `
  export class Pipeline {
    constructor(private readonly offset: number) {}
    add(a: number, b: number): number { return this.offset + a + b; }
  }
  export default function makePipeline(offset: number): Pipeline { return new Pipeline(offset); }`;

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: 'es2022',
  types: ['node'],
};

/** Links the types of Node from the workspace, because a TypeScript program for Node needs them. */
function linkNodeTypes(folder: string): void {
  mkdirSync(join(folder, 'node_modules', '@types'));
  symlinkSync(
    join(root, 'node_modules', '@types', 'node'),
    join(folder, 'node_modules', '@types', 'node'),
    'dir',
  );
}

// Each program makes one call and prints the result. It must exit without a call of `close()`.
describe.each([
  ['an ordinary path', 'project'],
  ['a path with a space, #, % and a letter outside ASCII', 'a b#c%20d%é'],
])('the packed broker, installed into an empty project at %s,', (_name, path) => {
  test('works in ES modules', async () => {
    const folder = await consumer(path, {
      'main.mjs': `
        import { Broker } from '@dual/broker';
        const broker = await Broker.start(new URL('./pipeline.mjs', import.meta.url), { args: [100] });
        console.log(await broker.pipeline.add(2, 3));`,
      'pipeline.mjs': 'export default (offset) => ({ add: (a, b) => offset + a + b });',
    });
    expect(await output(process.execPath, ['main.mjs'], { cwd: folder })).toBe('105');
  });

  test('works in CommonJS through require', async () => {
    const folder = await consumer(path, {
      'main.cjs': `
        const { join } = require('node:path');
        const { Broker } = require('@dual/broker');
        Broker.start(join(__dirname, 'pipeline.cjs'), { args: [100] })
          .then((broker) => broker.pipeline.add(2, 3))
          .then(console.log);`,
      'pipeline.cjs':
        'module.exports = class { constructor(o) { this.o = o; } add(a, b) { return this.o + a + b; } };',
    });
    expect(await output(process.execPath, ['main.cjs'], { cwd: folder })).toBe('105');
  });

  test('works in TypeScript with module node16, compiled to CommonJS', async () => {
    const folder = await consumer(path, {
      'tsconfig.json': {
        compilerOptions: { ...strict, module: 'node16', outDir: 'out' },
        include: ['src'],
      },
      'src/main.ts': `
        import { join } from 'node:path';
        import { Broker } from '@dual/broker';
        import type makePipeline from './pipeline.js';
        async function main(): Promise<void> {
          const file = join(__dirname, 'pipeline.js');
          const broker = await Broker.start<typeof makePipeline>(file, { args: [100] });
          const sum: number = await broker.pipeline.add(2, 3);
          console.log(sum);
        }
        void main();`,
      'src/pipeline.ts': pipeline,
    });
    linkNodeTypes(folder);
    await output(tool('tsc'), [], { cwd: folder });
    expect(await output(process.execPath, ['out/main.js'], { cwd: folder })).toBe('105');
  });

  test('is one copy for import and require', async () => {
    const folder = await consumer(path, {
      'main.mjs': `
        import { createRequire } from 'node:module';
        import * as esm from '@dual/broker';
        const cjs = createRequire(import.meta.url)('@dual/broker');
        const error = new cjs.QueueFullError('full', 1);
        console.log(esm.Broker === cjs.Broker, error instanceof esm.QueueFullError, Object.keys(esm).join() === Object.keys(cjs).join());`,
    });
    expect(await output(process.execPath, ['main.mjs'], { cwd: folder })).toBe('true true true');
  });

  test('bundled by esbuild as CommonJS, it finds the installed child, and says what to do if there is none', async () => {
    const folder = await consumer(path, {
      'main.mjs': `
        import { Broker } from '@dual/broker';
        const broker = new Broker(process.cwd() + '/pipeline.mjs');
        broker.pipeline.add(2, 3).then(console.log, (error) => console.log(error.message));`,
      'pipeline.mjs': 'export default () => ({ add: (a, b) => a + b });',
    });
    const flags = ['--bundle', '--platform=node', '--outfile=out/main.cjs', '--log-level=warning'];
    expect(await output(tool('esbuild'), ['main.mjs', ...flags], { cwd: folder })).toBe('');
    expect(await output(process.execPath, ['out/main.cjs'], { cwd: folder })).toBe('5');
    rmSync(join(folder, 'node_modules'), { recursive: true });
    expect(await output(process.execPath, ['out/main.cjs'], { cwd: folder })).toContain(
      "require.resolve('@dual/broker/child')",
    );
  });

  test('works in TypeScript with moduleResolution nodenext, compiled by tsc', async () => {
    const folder = await consumer(path, {
      'package.json': { name: 'consumer', private: true, type: 'module' },
      'tsconfig.json': {
        compilerOptions: { ...strict, module: 'nodenext', outDir: 'out' },
        include: ['src'],
      },
      'src/main.ts': `
        import { Broker } from '@dual/broker';
        import type makePipeline from './pipeline.js';
        const url = new URL('./pipeline.js', import.meta.url);
        const broker = await Broker.start<typeof makePipeline>(url, { args: [100] });
        const sum: number = await broker.pipeline.add(2, 3);
        console.log(sum);`,
      'src/pipeline.ts': pipeline,
    });
    linkNodeTypes(folder);
    await output(tool('tsc'), [], { cwd: folder });
    expect(await output(process.execPath, ['out/main.js'], { cwd: folder })).toBe('105');
  });

  test('works in TypeScript with moduleResolution bundler, bundled by esbuild and run without node_modules', async () => {
    const folder = await consumer(path, {
      'package.json': { name: 'consumer', private: true, type: 'module' },
      'tsconfig.json': {
        compilerOptions: { ...strict, module: 'esnext', moduleResolution: 'bundler', noEmit: true },
        include: ['src'],
      },
      'src/main.ts': `
        import { Broker } from '@dual/broker';
        import type makePipeline from './pipeline';
        const broker = await Broker.start<typeof makePipeline>(new URL('./pipeline.js', import.meta.url), {
          args: [100],
        });
        const sum: number = await broker.pipeline.add(2, 3);
        console.log(sum);`,
      'src/pipeline.ts': pipeline,
    });
    linkNodeTypes(folder);
    await output(tool('tsc'), [], { cwd: folder });
    const entries = ['main=src/main.ts', 'pipeline=src/pipeline.ts'];
    const flags = ['--bundle', '--platform=node', '--format=esm', '--outdir=out', '--log-level=warning'];
    await output(tool('esbuild'), [...entries, ...flags], { cwd: folder });
    // The broker looks for it beside the bundle.
    copyFileSync(join(folder, 'node_modules/@dual/broker/dist/child.mjs'), join(folder, 'out/child.mjs'));
    rmSync(join(folder, 'node_modules'), { recursive: true });
    expect(await output(process.execPath, ['out/main.js'], { cwd: folder })).toBe('105');
  });
});
