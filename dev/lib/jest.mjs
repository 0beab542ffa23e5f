import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { root } from './root.mjs';

/**
 * Runs Jest in this terminal.
 *
 * @param {string[]} args
 * @param {AbortSignal} stop
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>} At least one failure if Jest itself failed.
 */
export async function jest(args, stop) {
  stop.throwIfAborted();
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const child = spawn(
    process.execPath,
    [...flags, join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args],
    {
      cwd: root,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  );
  let counts = { passed: 0, failed: 0, skipped: 0 };
  child.on('message', (message) => {
    counts = /** @type {typeof counts} */ (message);
  });
  const onStop = () => child.kill();
  stop.addEventListener('abort', onStop, { once: true });
  const [code] = await once(child, 'close');
  stop.removeEventListener('abort', onStop);
  return code === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** @param {{ passed: number, failed: number, skipped: number }} tests */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
