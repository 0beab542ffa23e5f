import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { output } from './command.js';
import { root } from './paths.js';
import { tempFolder, writeFiles } from './temp-folder.js';

/** Creates a workspace with the scripts under test and only trivial packages, so that nothing takes long. */
export function miniWorkspace(files: Readonly<Record<string, string | object>> = {}): string {
  const folder = tempFolder();
  cpSync(join(root, 'dev'), join(folder, 'dev'), { recursive: true });
  writeFiles(folder, {
    'package.json': manifest({}),
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n",
    'pnpm-workspace.yaml': 'packages:\n  - packages/*\n  - examples/*\n',
    'packages/.keep': '',
    'examples/.keep': '',
    ...files,
  });
  return folder;
}

/** Builds the root package.json of a mini workspace with these wireit scripts. */
export function manifest(scripts: Readonly<Record<string, object>>): object {
  return {
    name: 'mini',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    packageManager: 'pnpm@10.34.9',
    scripts: {
      start: 'exec node dev/main.mjs start',
      test: 'exec node dev/main.mjs test',
      ...Object.fromEntries(Object.keys(scripts).map((name) => [name, 'wireit'])),
    },
    wireit: scripts,
  };
}

/** Makes the workspace look installed to `dev/`, with these tools of the real workspace. */
export async function pretendInstalled(folder: string, tools: readonly string[]): Promise<void> {
  mkdirSync(join(folder, 'node_modules'));
  for (const tool of tools) {
    symlinkSync(join(root, 'node_modules', tool), join(folder, 'node_modules', tool), 'dir');
  }
  writeFileSync(join(folder, 'node_modules', '.modules.yaml'), '{}');
  // Run the copy in this workspace, because the module reads its own root. The stamp file holds what it prints.
  const id = pathToFileURL(join(folder, 'dev', 'lib', 'installation-id.mjs')).href;
  const program = `import { installationId } from '${id}'; process.stdout.write(installationId());`;
  const text = await output(process.execPath, ['--input-type=module', '-e', program], { cwd: folder });
  writeFileSync(join(folder, 'node_modules', '.installation-id'), text);
}
