import { join } from 'node:path';

import { root } from './root.mjs';
import { run } from './run.mjs';

/**
 * Runs a script of a package.json through wireit, which does only what changed since the last time.
 * The environment is what npm would give it; npm itself would cost half a second more.
 *
 * @param {string} script
 * @param {{ folder?: string | undefined, stop: AbortSignal, env?: NodeJS.ProcessEnv }} options `folder` of the package.json in the
 *   project (default: the root).
 */
export function wireit(script, { folder = '.', stop, env }) {
  return run(process.execPath, [join(root, 'node_modules', 'wireit', 'bin', 'wireit.js')], {
    stop,
    env: {
      npm_lifecycle_event: script,
      npm_package_json: join(root, folder, 'package.json'),
      npm_config_user_agent: 'npm/0',
      WIREIT_LOGGER: 'quiet-ci',
      // Up-to-date checks need no cache; one that keeps every old build would grow for ever.
      WIREIT_CACHE: 'none',
      ...env,
    },
  });
}
