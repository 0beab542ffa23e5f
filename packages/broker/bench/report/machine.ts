import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform } from 'node:os';

/** The circumstances of a run. */
export interface Circumstances {
  /** The day, as YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  /** The core that all ran on; `undefined` where they were free. */
  readonly pinnedTo: number | undefined;
  /** The machine's load before the run, over a minute. */
  readonly load: number;
  /** Versions of what was measured, by package. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * @param folder The package's; its dependencies are in `node_modules` there.
 * @param packages Their names, or the package's own.
 */
export function circumstances({
  folder,
  packages,
  command,
  pinnedTo,
}: {
  readonly folder: URL;
  readonly packages: readonly string[];
  readonly command: string;
  readonly pinnedTo: number | undefined;
}): Circumstances {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    command,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    platform: `${platform()} ${arch()}`,
    node: process.version,
    pinnedTo,
    load: loadavg()[0] ?? 0,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name, folder)])),
  };
}

/** How, when and on what a run was made, in a sentence or two. */
export function describeRun(circumstances: Circumstances, rounds: number): string {
  const { date, command, cpu, cores, platform, node, pinnedTo, load, versions } = circumstances;
  const machine = `${cpu} (${cores} ${cores === 1 ? 'core' : 'cores'}), ${platform}, Node ${node.slice(1)}`;
  const where = pinnedTo === undefined ? 'free on all cores' : 'all on one core';
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\` on ${date}: ${machine}; ${where}; ${rounds} rounds; load before the run ${load.toFixed(1)}. ${packages.join(', ')}.`;
}

function versionOf(name: string, folder: URL): string {
  const own: unknown = readManifest(new URL('package.json', folder));
  if (hasKey(own, 'name') && own.name === name) return versionIn(own);
  // Not `require.resolve`: most packages export no package.json.
  return versionIn(readManifest(new URL(`node_modules/${name}/package.json`, folder)));
}

function readManifest(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function versionIn(manifest: unknown): string {
  return hasKey(manifest, 'version') && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}

function hasKey<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && key in value;
}
