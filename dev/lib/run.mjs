import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { root } from './root.mjs';

/** How long a command that was told to stop may take before it is killed, in ms. */
const patience = 5000;

/**
 * Runs a command in the project's root and returns its exit code (null where a signal ended it) and what it printed.
 *
 * It gets a process group of its own, so that `stop` ends all of it: package managers are several processes deep,
 * and few of those pass a signal on.
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
      // The group is gone already, which is all we want.
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
