import type { Socket } from 'node:net';

import type { BrokerError } from '../errors.js';
import { ProtocolError } from '../errors.js';
import type { Frame } from './frame.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';

export interface ChannelOptions {
  maxMessageBytes: number;
  /** Called for each frame. What it throws ends the channel as a violation of the protocol. */
  onFrame: (frame: Frame) => void;
  /**
   * Called when no further frame will come, or can be sent; with an error where the other side broke the
   * protocol.
   */
  onEnd: (error: ProtocolError | undefined) => void;
}

/** Bytes, as seen from one end. */
export interface Traffic {
  readonly sent: number;
  readonly received: number;
}

export interface Pipes {
  readonly input: Socket;
  readonly output: Socket;
}

/** Frames over pipes that only the broker and its child know. The same at both ends. */
export class Channel {
  readonly #pipes: Pipes;
  readonly #options: ChannelOptions;
  #state: 'open' | 'ended' = 'open';
  readonly #outgoing = new FrameWriter();

  constructor(pipes: Pipes, options: ChannelOptions) {
    this.#pipes = pipes;
    this.#options = options;
    const reader = new FrameReader({
      maxMessageBytes: options.maxMessageBytes,
      onFrame: (frame) => {
        if (this.#state === 'open') options.onFrame(frame);
      },
    });
    const { input, output } = pipes;
    input.on('data', (chunk: Buffer) => {
      this.#guard(() => {
        reader.push(chunk);
      });
    });
    // A broken pipe, or an end within a frame, says less than the exit that follows it: that gets reported.
    for (const event of ['end', 'error', 'close']) {
      input.on(event, () => {
        this.#end(undefined);
      });
    }
    // Where nothing can be written any more, there may still be something to read.
    for (const event of ['error', 'close']) {
      output.on(event, () => {
        options.onEnd(undefined);
      });
    }
  }

  /** Bytes that have crossed, or are about to. */
  get traffic(): Traffic {
    const { input, output } = this.#pipes;
    return { sent: output.bytesWritten, received: input.bytesRead };
  }

  /** Queues a frame; all frames of one tick leave in one write. Does nothing once the channel has ended. */
  send(frame: Frame): void {
    if (this.#state === 'ended' || !this.#pipes.output.writable) return;
    if (this.#outgoing.empty) {
      queueMicrotask(() => {
        this.flush();
      });
    }
    this.#outgoing.add(frame);
  }

  /** Writes what was queued. @returns Whether all of it has been handed to the kernel (or never can be). */
  flush(): boolean {
    const { output } = this.#pipes;
    const chunks = this.#outgoing.take();
    if (chunks.length > 1) output.cork();
    for (const chunk of chunks) this.#write(chunk);
    if (chunks.length > 1) output.uncork();
    return output.writableLength === 0 || !output.writable;
  }

  /** Resolves when `flush` would return true. */
  async flushed(): Promise<void> {
    if (this.flush()) return;
    const { output } = this.#pipes;
    await new Promise<void>((resolve) => {
      output.once('close', resolve);
      output.write('', () => {
        output.off('close', resolve);
        resolve();
      });
    });
  }

  /** The memory is its owner's. Where it is transferred away, the frame lacks what its head announced. */
  #write(chunk: Uint8Array): void {
    const check = (): void => {
      if (chunk.byteLength > 0) return;
      this.#end(new ProtocolError('a buffer was transferred to another owner before it was sent'));
    };
    if (chunk.byteLength === 0) check();
    else this.#pipes.output.write(chunk, check);
  }

  destroy(): void {
    this.#pipes.input.destroy();
    this.#pipes.output.destroy();
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

export function sumTraffic(all: readonly Traffic[]): Traffic {
  const sum = { sent: 0, received: 0 };
  for (const { sent, received } of all) {
    sum.sent += sent;
    sum.received += received;
  }
  return sum;
}
