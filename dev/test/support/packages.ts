import { join } from 'node:path';

import { output } from './command.js';
import { root } from './paths.js';

/** The packages that are published, by their folder in `packages/`. */
export const published = ['broker', 'keras'] as const;

/** What `npm pack --json` tells about a tarball. */
interface Packed {
  filename: string;
  files: { path: string }[];
}

/** Packs a package into `destination`, as `npm publish` would, and returns the tarball's path and what it holds. */
export async function pack(name: string, destination: string): Promise<{ tarball: string; files: string[] }> {
  const args = ['pack', '--json', '--loglevel=error', `--pack-destination=${destination}`];
  const text = await output('npm', args, { cwd: join(root, 'packages', name) });
  const [packed] = JSON.parse(text) as Packed[];
  if (packed === undefined) throw new Error(`npm pack said nothing about ${name}: ${text}`);
  return { tarball: join(destination, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Path of an executable of the workspace's own tools. */
export function tool(name: string): string {
  return join(root, 'node_modules', '.bin', name);
}
