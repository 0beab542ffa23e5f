import { Failure } from './failure.mjs';
import { progress } from './progress.mjs';
import { wireit } from './wireit.mjs';

/**
 * Builds a package, and everything that it depends on, if their sources have changed.
 *
 * @param {AbortSignal} stop
 * @param {string} [folder] Folder of the package in the project (default: the root, which builds everything).
 */
export async function build(stop, folder) {
  // If nothing has changed, the check ends before this appears.
  const show = progress('Building', { delay: 1500 });
  const { code, lines } = await wireit('build', { folder, stop });
  show.end();
  stop.throwIfAborted();
  if (code !== 0) throw new Failure('The build failed: see the lines above.', { code, lines });
}
