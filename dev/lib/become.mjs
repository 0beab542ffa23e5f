import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from './build.mjs';
import { exitWith } from './failure.mjs';
import { install } from './install.mjs';
import { endWithNpm, interruptible } from './interruption.mjs';
import { root } from './root.mjs';

/**
 * Installs and builds whatever has changed, then turns this process into the program `main`, with the same arguments. So no
 * wrapper stands between the program and its signals.
 *
 * @param {string} main Path of the program in the project.
 * @param {string} folder The package to build, with everything that it needs. The root builds everything.
 */
export async function become(main, folder) {
  endWithNpm();
  await interruptible(async (stop) => {
    await install(stop);
    await build(stop, folder);
  }).catch(exitWith);

  const path = join(root, main);
  process.argv.splice(1, 1, path);
  await import(pathToFileURL(path).href);
}
