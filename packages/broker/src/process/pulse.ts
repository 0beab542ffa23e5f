import type { Socket } from 'node:net';

import { PULSE_INTERVAL } from '../channel/descriptors.js';

const PULSE_BYTES = 8;
/** A process counts as suspended after it has missed this many pulses. */
const MISSED = 5;

/** Reads the signs of life that a child writes to its lifeline: each time, its resident memory. */
export class Pulse {
  #rss: number | undefined;
  #last = performance.now();
  #rest = Buffer.alloc(0);

  /**
   * @param onBeat Called after each pulse.
   * @param onLimit Called if the process ends itself, because it used so many bytes.
   */
  constructor(lifeline: Socket, onBeat: () => void, onLimit: (bytes: number) => void) {
    lifeline.on('error', () => undefined);
    lifeline.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([this.#rest, chunk]);
      const whole = bytes.length - (bytes.length % PULSE_BYTES);
      this.#rest = bytes.subarray(whole);
      if (whole === 0) return;
      this.#last = performance.now();
      const latest = bytes.readDoubleLE(whole - PULSE_BYTES);
      this.#rss = Math.abs(latest);
      if (latest < 0) onLimit(-latest);
      else onBeat();
    });
  }

  /** Resident memory of the process, in bytes; `undefined` before its first pulse. */
  get rss(): number | undefined {
    return this.#rss;
  }

  /** Whether it shows no sign of life, for example after SIGSTOP. */
  get suspended(): boolean {
    return performance.now() - this.#last > MISSED * PULSE_INTERVAL;
  }
}
