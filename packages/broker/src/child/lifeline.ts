import { Worker } from 'node:worker_threads';

import { PULSE_INTERVAL } from '../channel/descriptors.js';

/** How long a child whose broker is gone may take to dispose of its pipeline, in ms. */
const GRACE = 250;

/**
 * Ties this process to the broker's, even while the main thread computes without a break, by a thread of its
 * own on a pipe that the broker holds open. The kernel closes it when the broker's process ends, in whatever
 * way; this process then ends soon after. Until then the thread writes a pulse: this process's resident
 * memory. The thread is an inline script, so that a bundler has no file to lose.
 */
export function holdLifeline(fd: number): void {
  const thread = `
    const { Socket } = require('node:net');
    const lifeline = new Socket({ fd: ${fd} });
    const end = () => {
      try {
        process.kill(-process.pid, 'SIGKILL'); // with what the pipeline has started
      } catch {
        process.kill(process.pid, 'SIGKILL');
      }
    };
    lifeline.on('error', () => {});
    lifeline.on('close', () => setTimeout(end, ${GRACE}));
    lifeline.resume();
    const pulse = () => {
      if (lifeline.writableLength > 0) return; // the broker does not read at the moment
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(process.memoryUsage.rss());
      lifeline.write(bytes);
    };
    pulse();
    setInterval(pulse, ${PULSE_INTERVAL});
  `;
  // Flags of the main thread, such as a TypeScript loader's, would only cost time here.
  new Worker(thread, { eval: true, execArgv: [], name: '@dual/broker lifeline' }).unref();
}
