import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, test } from '@jest/globals';

import { output } from './support/command.js';
import { published, tool } from './support/packages.js';
import { root } from './support/paths.js';
import { tempFolder, writeFiles } from './support/temp-folder.js';

/** A TypeScript block: the section that it stands in, the file that its first line names, and its text. */
interface Block {
  readonly section: string;
  readonly file: string | undefined;
  readonly code: string;
}

function blocksOf(path: string): Block[] {
  const sections = readFileSync(path, 'utf8').split(/^## /m);
  return sections.flatMap((text, index) =>
    [...text.matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code = '']) => ({
      section: `section-${index}`,
      file: /^\/\/ ([\w./-]+\.tsx?)\b/.exec(code)?.[1],
      code,
    })),
  );
}

/** The READMEs, and the guides whose blocks are files of TypeScript. */
async function readmes(): Promise<string[]> {
  const listed = await output(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*README.md', 'docs/keras.md'],
    {
      cwd: root,
    },
  );
  return listed.split('\n');
}

test('every TypeScript block of every README and of docs/keras.md compiles in strict mode', async () => {
  const folder = tempFolder();
  const blocks = (await readmes()).flatMap((readme) =>
    blocksOf(join(root, readme)).map((block) => ({ readme, ...block })),
  );
  expect(blocks.length).toBeGreaterThan(5);
  // Blocks of one section are the files of one program.
  expect(blocks.filter(({ file }) => file === undefined)).toEqual([]);
  const files = blocks.map(
    ({ readme, section, file = '', code }) => [join(dirname(readme), section, file), code] as const,
  );
  expect(new Set(files.map(([path]) => path)).size).toBe(files.length);
  writeFiles(folder, {
    ...Object.fromEntries(files),
    'package.json': { private: true, type: 'module' },
    'tsconfig.json': {
      compilerOptions: {
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        noEmit: true,
      },
      include: files.map(([path]) => path),
    },
  });
  mkdirSync(join(folder, 'node_modules', '@dual'), { recursive: true });
  mkdirSync(join(folder, 'node_modules', '@types'));
  for (const name of published)
    symlinkSync(join(root, 'packages', name), join(folder, 'node_modules', '@dual', name));
  symlinkSync(
    join(root, 'examples', 'vgg-service', 'node_modules', 'sharp'),
    join(folder, 'node_modules', 'sharp'),
  );
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'));
  await output(tool('tsc'), [], { cwd: folder });
});
