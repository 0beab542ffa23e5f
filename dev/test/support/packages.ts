import { join } from 'node:path';

import { output } from './command.js';
import { root } from './paths.js';

/** The published packages, by their folder in `packages/`. */
export const published = ['broker', 'keras', 'http'] as const;

/** A tarball in the output of `npm pack --json`. */
interface Packed {
  filename: string;
  files: { path: string }[];
}

/** Packs a package into `destination` as `npm publish` would. Returns the path of the tarball and its files. */
export async function pack(name: string, destination: string): Promise<{ tarball: string; files: string[] }> {
  const args = ['pack', '--json', '--loglevel=error', `--pack-destination=${destination}`];
  const text = await output('npm', args, { cwd: join(root, 'packages', name) });
  const [packed] = JSON.parse(text) as Packed[];
  if (packed === undefined) throw new Error(`npm pack printed nothing about ${name}: ${text}`);
  return { tarball: join(destination, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Path of an executable that the workspace has installed. */
export function tool(name: string): string {
  return join(root, 'node_modules', '.bin', name);
}
