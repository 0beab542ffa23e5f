import { AsyncResource } from 'node:async_hooks';
import { Buffer } from 'node:buffer';

import type { Frame } from '../channel/frame.js';

/** The async context of neither side: a process does not know that of its caller. */
const context = new AsyncResource('dual:loopback');

/** Carries frames within this process, in later turns of the event loop, and copies them as a pipe does. */
export class Loopback {
  readonly #deliver: (frames: readonly Frame[]) => void;
  #frames: Frame[] = [];
  #delivered: Promise<void> | undefined;

  /** @param deliver Gets all frames that were sent since the last time, in order. */
  constructor(deliver: (frames: readonly Frame[]) => void) {
    this.#deliver = deliver;
  }

  send(frame: Frame): void {
    this.#frames.push(copyOf(frame));
    this.#delivered ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#delivered = undefined;
        const frames = this.#frames;
        this.#frames = [];
        context.runInAsyncScope(this.#deliver, undefined, frames);
        resolve();
      });
    });
  }

  /** Resolves when nothing is on its way. */
  async empty(): Promise<void> {
    await this.#delivered;
  }
}

function copyOf(frame: Frame): Frame {
  const { metadata, buffers } = frame.payload;
  return {
    ...frame,
    payload: { metadata: Buffer.from(metadata), buffers: buffers.map((bytes) => bytes.slice()) },
  };
}
