import type { Socket } from 'node:net';

import { PULSE_INTERVAL } from '../channel/descriptors.js';

const PULSE_BYTES = 8;
/** A process that has missed so many pulses is taken to be suspended. */
const MISSED = 5;

/** Reads the signs of life that a child writes to its lifeline, and how much memory it says it has. */
export class Pulse {
  #rss: number | undefined;
  #last = performance.now();
  #rest = Buffer.alloc(0);

  /** @param onBeat Called with the child's resident memory, in bytes. */
  constructor(lifeline: Socket, onBeat: (rss: number) => void) {
    lifeline.on('error', () => undefined);
    lifeline.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([this.#rest, chunk]);
      const whole = bytes.length - (bytes.length % PULSE_BYTES);
      this.#rest = bytes.subarray(whole);
      if (whole === 0) return;
      this.#last = performance.now();
      this.#rss = bytes.readDoubleLE(whole - PULSE_BYTES);
      onBeat(this.#rss);
    });
  }

  /** Resident memory of the process, in bytes; `undefined` before its first pulse. */
  get rss(): number | undefined {
    return this.#rss;
  }

  /** Whether it gives no sign of life, as when it was stopped by SIGSTOP. */
  get suspended(): boolean {
    return performance.now() - this.#last > MISSED * PULSE_INTERVAL;
  }
}
