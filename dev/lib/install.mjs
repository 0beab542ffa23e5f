import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Failure } from './failure.mjs';
import { installationId } from './installation-id.mjs';
import { progress } from './progress.mjs';
import { root } from './root.mjs';
import { run } from './run.mjs';

/** Contains the {@link installationId} of the last complete installation. */
const stamp = join(root, 'node_modules', '.installation-id');

/**
 * For both npx and pnpm: three more attempts within about 13 s. The default is two within 70 s, in which a user without a
 * network sees nothing happen.
 */
const quickRetries = {
  npm_config_fetch_retries: '3',
  npm_config_fetch_retry_factor: '3',
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_retry_maxtimeout: '10000',
};

/**
 * Installs every dependency from the lockfile. npx runs the pnpm that package.json names, so that nothing has to be
 * installed globally. If nothing has changed since the last time, pnpm is not started: it would take seconds to find that
 * out.
 *
 * @param {AbortSignal} stop
 */
export async function install(stop) {
  if (installationId() !== undefined && installationId() === lastInstallationId()) return;
  rmSync(stamp, { force: true });

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const show = progress('Installing dependencies; the first time this takes a minute or two');
  const { code, lines } = await run(
    'npx',
    ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'],
    {
      stop,
      // The user's own settings win.
      env: { npm_config_update_notifier: 'false', ...quickRetries, ...process.env },
      onLine: (line) => {
        if (line.startsWith('Progress:')) show.update(line.slice('Progress: '.length));
      },
    },
  );
  show.end();
  stop.throwIfAborted();
  if (code !== 0) throw new Failure(`Could not install the dependencies: ${reason(lines)}`, { code, lines });

  writeFileSync(stamp, installationId() ?? '');
}

function lastInstallationId() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string[]} lines Output of npx and pnpm. */
function reason(lines) {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT/;
  return lines.some((line) => offline.test(line))
    ? 'the package registry could not be reached. Check the network (and proxy settings), then try again.'
    : 'see the lines above.';
}
