import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { ABORT_ID_BYTES, MEMORY_INTERVAL, PULSE_INTERVAL } from '../channel/descriptors.js';
import { ADD_ABORTED } from './abort-ring.js';

/** How long a child may take to dispose of its pipeline after its broker has ended, in ms. */
const GRACE = 250;

/** The thread that watches over this process. */
export interface Lifeline {
  /** Resolves when the thread does its work. */
  readonly held: Promise<void>;
  /** Ends this process when its memory exceeds so many bytes, after telling the broker. Called once. */
  readonly limitMemory: (bytes: number) => void;
}

/**
 * Ends this process when the broker's process ends, even if the main thread computes without a break. A worker thread
 * reads a pipe that the broker holds open. The kernel closes the pipe when the broker's process ends in any way. Until
 * then the thread writes a pulse, the resident memory of this process, and reads the ids of abandoned calls. The thread is
 * an inline script, so that a bundler cannot lose its file.
 * @param abandoned The memory of an `AbortRing`, which gets the ids.
 */
export function holdLifeline(fd: number, abandoned: SharedArrayBuffer): Lifeline {
  const thread = `
    const { Socket } = require('node:net');
    const memory = require('node:worker_threads').workerData;
    ${ADD_ABORTED}
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
    let rest = Buffer.alloc(0);
    lifeline.on('data', (chunk) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (; at + ${ABORT_ID_BYTES} <= bytes.length; at += ${ABORT_ID_BYTES}) addAborted(bytes.readInt32LE(at));
      rest = bytes.subarray(at);
    });
    const pulse = () => {
      if (lifeline.writableLength > 0) return; // the broker does not read at the moment
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(process.memoryUsage.rss());
      lifeline.write(bytes);
    };
    pulse();
    const { readFileSync, writeSync } = require('node:fs');
    /** Without the memory that is shared with the broker, if the system tells. */
    const ownMemory = () => {
      try {
        const status = readFileSync('/proc/self/status', 'latin1');
        const [anonymous, file] = ['RssAnon', 'RssFile'].map((name) => new RegExp(name + ':\\\\s*(\\\\d+)').exec(status)?.[1]);
        if (anonymous !== undefined && file !== undefined) return (Number(anonymous) + Number(file)) * 1024;
      } catch {}
      return process.memoryUsage.rss();
    };
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (limit) => {
      setInterval(() => {
        const memory = ownMemory();
        if (memory <= limit) return;
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleLE(-memory);
        try {
          writeSync(${fd}, bytes); // at once, before the end
        } catch {}
        process.kill(process.pid, 'SIGKILL');
      }, ${MEMORY_INTERVAL});
    });
    parentPort.postMessage('ready');
    setInterval(pulse, ${PULSE_INTERVAL});
  `;
  // Flags of the main thread, such as a TypeScript loader, would only cost time here.
  const options = { eval: true, execArgv: [], workerData: abandoned, name: '@dual/broker lifeline' };
  const worker = new Worker(thread, options);
  worker.unref();
  return {
    held: once(worker, 'message').then(() => undefined),
    limitMemory: (bytes) => {
      worker.postMessage(bytes);
    },
  };
}
