import { join } from 'node:path';

import { root } from './root.mjs';
import { run } from './run.mjs';

/**
 * Runs a script of a package.json through wireit, which repeats only the steps whose inputs have changed. It gets the
 * environment that npm would give it: starting npm would take another half second.
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
      // The up-to-date check needs no cache, and a cache of every old build would grow without limit.
      WIREIT_CACHE: 'none',
      ...env,
    },
  });
}
