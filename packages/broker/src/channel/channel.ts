import type { Socket } from 'node:net';

import type { BrokerError } from '../errors.js';
import { ProtocolError } from '../errors.js';
import type { Frame } from './frame.js';
import { encodeFrameHead } from './frame.js';
import { FrameReader } from './frame-reader.js';

export interface ChannelOptions {
  maxMessageBytes: number;
  /** Called for each frame. What it throws ends the channel as a violation of the protocol. */
  onFrame: (frame: Frame) => void;
  /** Called once, when no further frame will come; with an error where the other side broke the protocol. */
  onEnd: (error: ProtocolError | undefined) => void;
}

/** Frames over a stream that only the broker and its child know. The same at both ends. */
export class Channel {
  readonly #socket: Socket;
  readonly #options: ChannelOptions;
  #state: 'open' | 'ended' = 'open';
  #corked = false;

  constructor(socket: Socket, options: ChannelOptions) {
    this.#socket = socket;
    this.#options = options;
    const reader = new FrameReader({
      maxMessageBytes: options.maxMessageBytes,
      onFrame: (frame) => {
        if (this.#state === 'open') options.onFrame(frame);
      },
    });
    socket.on('data', (chunk: Buffer) => {
      this.#guard(() => {
        reader.push(chunk);
      });
    });
    socket.on('end', () => {
      this.#guard(() => {
        reader.end();
        this.#end(undefined);
      });
    });
    // A broken pipe says less than the exit that follows it; the exit is what gets reported.
    socket.on('error', () => {
      this.#end(undefined);
    });
    socket.on('close', () => {
      this.#end(undefined);
    });
  }

  /** Queues a frame; all frames of one tick leave in one write. Does nothing once the channel has ended. */
  send(frame: Frame): void {
    if (this.#state === 'ended' || !this.#socket.writable) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      queueMicrotask(() => {
        this.#uncork();
      });
    }
    this.#socket.write(encodeFrameHead(frame));
    for (const buffer of frame.payload.buffers) if (buffer.byteLength > 0) this.#socket.write(buffer);
  }

  /** Resolves when all that was sent has been handed to the kernel (or never can be). */
  async flush(): Promise<void> {
    this.#uncork();
    if (this.#socket.writableLength === 0 || !this.#socket.writable) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('close', resolve);
      this.#socket.write('', () => {
        this.#socket.off('close', resolve);
        resolve();
      });
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #guard(read: () => void): void {
    try {
      if (this.#state === 'open') read();
    } catch (error) {
      this.#end(asProtocolError(error));
    }
  }

  #end(error: ProtocolError | undefined): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#options.onEnd(error);
  }
}

function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  return new ProtocolError('a message could not be taken', { cause: error }) satisfies BrokerError;
}
