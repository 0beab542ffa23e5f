import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { root } from './root.mjs';

/** Time that a command gets to stop before it is killed, in ms. */
const patience = 5000;

/**
 * Runs a command in the project's root. Returns its exit code (null if a signal ended it) and its output.
 *
 * The command gets a process group of its own, so that `stop` ends all of it: a package manager is several processes deep,
 * and few of them pass a signal on. Our own code, because it runs before any library is installed.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ stop: AbortSignal, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} options
 * @returns {Promise<{ code: number | null, lines: string[] }>}
 */
export async function run(command, args, { stop, env = {}, onLine = () => {} }) {
  stop.throwIfAborted();
  const child = spawn(command, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });

  /** @type {string[]} */
  const lines = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
  }

  /** @param {NodeJS.Signals} signal */
  const signalGroup = (signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group has already ended.
    }
  };
  /** @type {NodeJS.Timeout | undefined} */
  let deadline;
  const onStop = () => {
    signalGroup('SIGTERM');
    deadline = setTimeout(signalGroup, patience, 'SIGKILL');
  };
  stop.addEventListener('abort', onStop, { once: true });
  try {
    const [code] = await once(child, 'close');
    return { code, lines };
  } finally {
    clearTimeout(deadline);
    stop.removeEventListener('abort', onStop);
  }
}
