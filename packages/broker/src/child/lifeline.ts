import { Worker } from 'node:worker_threads';

import { PULSE_INTERVAL } from '../channel/descriptors.js';

/** How long a child may take to dispose of its pipeline after its broker has ended, in ms. */
const GRACE = 250;

/**
 * Ends this process when the broker's process ends, even if the main thread computes without a break. A worker thread
 * reads a pipe that the broker holds open. The kernel closes the pipe when the broker's process ends in any way. Until
 * then the thread writes a pulse: the resident memory of this process. The thread is an inline script, so that a bundler
 * cannot lose its file.
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
  // Flags of the main thread, such as a TypeScript loader, would only cost time here.
  new Worker(thread, { eval: true, execArgv: [], name: '@dual/broker lifeline' }).unref();
}
