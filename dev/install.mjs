import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * Runs pnpm, at the version that package.json names, through npx: nothing has to be installed globally.
 * Ends this process with pnpm's own exit code where it fails.
 */
export function pnpm(...args) {
  const windows = process.platform === 'win32';
  const { status, error } = spawnSync('npx', ['--yes', packageManager, ...args], {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, npm_config_update_notifier: 'false' },
  });
  if (error) throw error;
  return status ?? 1;
}

/** Installs every dependency from the lockfile; a no-op of about a second where nothing changed. */
export function install() {
  const status = pnpm('install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only');
  if (status !== 0) process.exit(status);
}
