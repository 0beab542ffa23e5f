import { Buffer } from 'node:buffer';
import type { OnReadOpts, Socket } from 'node:net';

import { ProtocolError } from '../errors.js';
import { TO_BROKER_FD } from './descriptors.js';
import type { Frame } from './frame.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter, isCopied, type Piece } from './frame-writer.js';
import { HandOver } from './hand-over.js';
import type { Traffic } from './traffic.js';

/** Most that is read at a time, in bytes. */
const READ_BYTES = 256 * 1024;

export interface ChannelOptions {
  /** Longest frame that is accepted, in bytes. */
  maxMessageBytes: number;
  /**
   * A 32-bit number that all frames carry in both directions, so that foreign bytes in the pipes do not pass for a frame.
   * `undefined`: the seal of the first frame that comes.
   */
  seal?: number | undefined;
  /**
   * The side on which user code runs. It may change the memory of a frame as soon as `send` or `flush` returns. So what
   * the kernel does not take at once is copied.
   */
  userCode: 'here' | 'there';
  /** Called for each frame. An error that it throws ends the channel as a violation of the protocol. */
  onFrame: (frame: Frame) => void;
  /** Called when all frames of one read have been handed over. Frames that it sends leave at once. */
  onRead?: () => void;
  /** Called when no further frame can come, or can be sent; with an error if the other side broke the protocol. */
  onEnd: (error: ProtocolError | undefined) => void;
}

export interface Pipes {
  /** Must be made with the channel's `onread`. */
  readonly input: Socket;
  readonly output: Socket;
}

type State =
  | { readonly name: 'unconnected'; readonly pipes?: undefined }
  | { readonly name: 'open'; readonly pipes: Pipes }
  /** Takes no more frames, in either direction. Frames that were queued before are still written. */
  | { readonly name: 'ended'; readonly pipes: Pipes | undefined };

/** Sends and receives frames over two private pipes. Both ends use this class. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #reader: FrameReader;
  readonly #outgoing = new FrameWriter();
  readonly #handOver: HandOver | undefined;
  #state: State = { name: 'unconnected' };
  /** When the queued frames leave, unless somebody flushes before: after this tick, or after the current read. */
  #leaves: 'unscheduled' | 'after tick' | 'after read' = 'unscheduled';
  #sent = 0;
  /** Numbers of frames, each from 1: the last one queued, the last one written, and the last one that can have arrived. */
  #queued = 0;
  #written = 0;
  #reaching = Infinity;
  /** Callers of `flushed`. */
  readonly #flushWaiters = new Set<() => void>();

  constructor(options: ChannelOptions) {
    this.#options = options;
    if (options.userCode === 'here') this.#handOver = new HandOver(TO_BROKER_FD);
    this.#reader = new FrameReader({
      maxMessageBytes: options.maxMessageBytes,
      seal: options.seal,
      onFrame: (frame) => {
        if (this.#state.name === 'open') options.onFrame(frame);
      },
    });
  }

  /**
   * The option with which the input socket must be made. All reads go into one buffer, while Node would allocate a new one
   * for each read. They do not go into the frames' final memory: if user code throws an uncaught error within the
   * callback, Node forgets the buffer that the callback asked for.
   */
  get onread(): OnReadOpts {
    return {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (bytes, memory) => {
        this.#read(memory.subarray(0, bytes));
        return true;
      },
    };
  }

  /** Sends the queued frames, and begins to receive. */
  connect(pipes: Pipes): void {
    this.#state = { name: 'open', pipes };
    const { input, output } = pipes;
    // A broken pipe, or an end within a frame, says less than the exit that follows it. The exit gets reported.
    for (const event of ['end', 'error', 'close']) {
      input.on(event, () => {
        this.#end(undefined);
      });
    }
    // If nothing can be written any longer, there may still be frames to read.
    for (const event of ['error', 'close']) {
      output.on(event, () => {
        this.#options.onEnd(undefined);
      });
    }
    // One listener for all callers of `flushed`: any number of streams may wait.
    output.once('close', () => {
      for (const resolve of this.#flushWaiters) resolve();
    });
    this.flush();
  }

  /** Bytes that have crossed, or are queued. */
  get traffic(): Traffic {
    const { pipes } = this.#state;
    return { sent: this.#sent, received: pipes?.input.bytesRead ?? 0 };
  }

  /** Number of the latest frame that `send` was given. */
  get latest(): number {
    return this.#queued;
  }

  /** Queues a frame. All frames of one tick leave in one write. Does nothing once the channel has ended. */
  send(frame: Frame): void {
    this.#queued += 1;
    if (this.#state.name === 'ended') {
      this.#reaching = Math.min(this.#reaching, this.#queued - 1);
      return;
    }
    this.#outgoing.add(frame, this.#reader.seal ?? 0);
    if (this.#handOver !== undefined && !isCopied(frame.payload)) {
      this.flush();
      return;
    }
    if (this.#leaves !== 'unscheduled') return;
    this.#leaves = 'after tick';
    void this.#flushAfterTick();
  }

  /** Whether the other side may have got a frame. If it was closed before the frame was written, it has not. */
  mayReach(number: number): boolean {
    return number <= this.#reaching;
  }

  /** Not by queueMicrotask, which makes an async resource each time, nor by `then`, which user code may replace. */
  async #flushAfterTick(): Promise<void> {
    // eslint-disable-next-line @typescript-eslint/await-thenable -- a promise to await would be one more to make
    await undefined;
    this.flush();
  }

  /** Queues a frame that leaves with the next `send` or `flush`. */
  hold(frame: Frame): void {
    if (this.#state.name === 'ended') return;
    this.#queued += 1;
    this.#outgoing.add(frame, this.#reader.seal ?? 0);
  }

  /** Writes the queued frames. @returns Whether the kernel has all of them (or never can have them). */
  flush(): boolean {
    if (this.#leaves === 'after tick') this.#leaves = 'unscheduled';
    const { pipes } = this.#state;
    if (pipes === undefined) return false;
    const { output } = pipes;
    const taken = this.#outgoing.take();
    const before = this.#written;
    this.#written = this.#queued;
    if (!output.writable) {
      this.#reaching = Math.min(this.#reaching, before);
      return true;
    }
    for (const { bytes } of taken) this.#sent += bytes.byteLength;
    const pieces =
      this.#handOver !== undefined && taken.some(({ borrowed }) => borrowed)
        ? this.#handOver.write(taken, output.writableLength === 0)
        : taken;
    if (pieces.length === 0) return output.writableLength === 0;
    const isNext = output.writableLength === 0;
    if (pieces.length > 1) output.cork();
    for (const piece of pieces) this.#write(piece, output);
    if (pieces.length > 1) output.uncork();
    // The kernel has refused the write at once, and so has taken none of it.
    if (isNext && output.errored !== null) this.#reaching = Math.min(this.#reaching, before);
    return output.writableLength === 0;
  }

  /** Resolves when `flush` would return true. */
  async flushed(): Promise<void> {
    const output = this.#state.pipes?.output;
    if (output === undefined || this.flush()) return;
    await new Promise<void>((resolve) => {
      this.#flushWaiters.add(resolve);
      output.write('', () => {
        this.#flushWaiters.delete(resolve);
        resolve();
      });
    });
  }

  destroy(): void {
    const { pipes } = this.#state;
    this.#state = { name: 'ended', pipes };
    pipes?.input.destroy();
    pipes?.output.destroy();
  }

  #write({ bytes, borrowed, onLeft }: Piece, output: Socket): void {
    if (!borrowed) {
      output.write(bytes, onLeft);
      return;
    }
    // The memory belongs to the caller. If it was transferred away, the frame is shorter than its head announces.
    const check = (): void => {
      if (bytes.byteLength > 0) return;
      this.#end(new ProtocolError('a buffer was transferred to another owner before it was sent'));
    };
    if (bytes.byteLength === 0) check();
    else output.write(bytes, check);
  }

  #read(bytes: Uint8Array): void {
    if (this.#state.name !== 'open') return;
    this.#leaves = 'after read';
    try {
      this.#reader.push(bytes);
      this.#options.onRead?.();
    } catch (error) {
      this.#end(asProtocolError(error));
    }
    this.#leaves = 'unscheduled';
    this.flush();
  }

  #end(error: ProtocolError | undefined): void {
    if (this.#state.name === 'ended') return;
    this.#state = { name: 'ended', pipes: this.#state.pipes };
    this.#options.onEnd(error);
  }
}

function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  return new ProtocolError('a message could not be handled', { cause: error });
}
