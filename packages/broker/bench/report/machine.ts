import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform } from 'node:os';

/** The machine, the software and the command of a run. */
export interface Circumstances {
  /** Date of the run, as YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
  readonly cpu: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  /** The core that all processes were pinned to. `undefined` if they were not pinned. */
  readonly pinnedTo: number | undefined;
  /** Load average of the minute before the run. */
  readonly load: number;
  /** Versions of the measured packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Collects the circumstances of this run.
 */
export function circumstances({
  folder,
  packages,
  command,
  pinnedTo,
}: {
  /** The folder of this package, with its dependencies in `node_modules`. */
  readonly folder: URL;
  /** Names of the measured packages, which may include this package. */
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

/** Describes in a sentence or two how, when and on which machine a run was made. */
export function describeRun(circumstances: Circumstances, rounds: number): string {
  const { date, command, cpu, cores, platform, node, pinnedTo, load, versions } = circumstances;
  const machine = `${cpu} (${cores} ${cores === 1 ? 'core' : 'cores'}), ${platform}, Node ${node.slice(1)}`;
  const where = pinnedTo === undefined ? 'on all cores' : 'all on one core';
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\` on ${date}: ${machine}; ${where}; ${rounds} rounds; load before the run ${load.toFixed(1)}. ${packages.join(', ')}.`;
}

function versionOf(name: string, folder: URL): string {
  const own: unknown = readManifest(new URL('package.json', folder));
  if (hasKey(own, 'name') && own.name === name) return versionIn(own);
  // `require.resolve` would fail, because most packages do not export their package.json.
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
