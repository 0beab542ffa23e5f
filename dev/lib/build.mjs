import { Failure } from './failure.mjs';
import { progress } from './progress.mjs';
import { wireit } from './wireit.mjs';

/**
 * Builds every package whose sources changed.
 *
 * @param {AbortSignal} stop
 */
export async function build(stop) {
  // An up-to-date check alone is over before this appears.
  const show = progress('Building', { delay: 1500 });
  const { code, lines } = await wireit('build', { stop });
  show.end();
  stop.throwIfAborted();
  if (code !== 0) throw new Failure('The build failed: see the lines above.', { code, lines });
}
