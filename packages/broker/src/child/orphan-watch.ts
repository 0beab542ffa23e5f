import { Worker } from 'node:worker_threads';

/** How long a child whose broker is gone may take to dispose of its pipeline, in ms. */
const GRACE = 500;

/**
 * Ends this process soon after the broker's has ended, in whatever way, even while the main thread computes
 * without a break. A thread of its own waits for the end of a pipe that the broker holds open: the kernel
 * closes it with the broker's process. The thread is an inline script, so that a bundler has no file to lose.
 */
export function watchForOrphanhood(lifelineFd: number): void {
  const watch = `
    const { Socket } = require('node:net');
    const lifeline = new Socket({ fd: ${lifelineFd} });
    lifeline.on('error', () => {});
    lifeline.on('close', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${GRACE}));
    lifeline.resume();
  `;
  // Flags of the main thread, such as a TypeScript loader's, would only cost time here.
  new Worker(watch, { eval: true, execArgv: [], name: '@dual/broker orphan watch' }).unref();
}
