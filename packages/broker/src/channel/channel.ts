import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import type { OnReadOpts, Socket } from 'node:net';

import { type BrokerError, ProtocolError } from '../errors.js';
import type { Frame } from './frame.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter, type Piece } from './frame-writer.js';

/** At most so much is read at a time. */
const READ_BYTES = 256 * 1024;

export interface ChannelOptions {
  maxMessageBytes: number;
  /**
   * A number of 32 bits that all frames carry, in both directions, so that nothing else that is written to the pipes
   * passes for one; `undefined`: that of the first frame that comes.
   */
  seal?: number | undefined;
  /** Called for each frame. What it throws ends the channel as a violation of the protocol. */
  onFrame: (frame: Frame) => void;
  /** Called when all frames that came together have been handed over. What it sends leaves at once. */
  onRead?: () => void;
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
  /** Made with the channel's `onread`. */
  readonly input: Socket;
  readonly output: Socket;
  /** The descriptor of the output, where it is known: to write to it takes less time than by the socket. */
  readonly outputFd: number | undefined;
}

type State =
  | { readonly name: 'unconnected'; readonly pipes?: undefined }
  | { readonly name: 'open'; readonly pipes: Pipes }
  /** Takes no more frames, in either direction; what was queued before is still written. */
  | { readonly name: 'ended'; readonly pipes: Pipes | undefined };

/** Frames over pipes that only the broker and its child know. The same at both ends. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #reader: FrameReader;
  readonly #outgoing = new FrameWriter();
  #state: State = { name: 'unconnected' };
  /** When what is queued leaves, unless it does before: at the end of this tick, or of the read that goes on. */
  #leaves: 'unscheduled' | 'after tick' | 'after read' = 'unscheduled';
  #sent = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#reader = new FrameReader({
      maxMessageBytes: options.maxMessageBytes,
      seal: options.seal,
      onFrame: (frame) => {
        if (this.#state.name === 'open') options.onFrame(frame);
      },
    });
  }

  /**
   * What the pipe that frames come from is to be made with: it is read into one piece of memory, again and again, where
   * Node would take new memory for each read. Not right into the places of the frames: Node forgets the next place when
   * user code throws an error that nobody catches while it goes on.
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

  /** Sends what has been queued, and takes what comes. */
  connect(pipes: Pipes): void {
    this.#state = { name: 'open', pipes };
    const { input, output } = pipes;
    // A broken pipe, or an end within a frame, says less than the exit that follows it: that gets reported.
    for (const event of ['end', 'error', 'close']) {
      input.on(event, () => {
        this.#end(undefined);
      });
    }
    // Where nothing can be written any more, there may still be something to read.
    for (const event of ['error', 'close']) {
      output.on(event, () => {
        this.#options.onEnd(undefined);
      });
    }
    this.flush();
  }

  /** Bytes that have crossed, or are about to. */
  get traffic(): Traffic {
    const { pipes } = this.#state;
    return { sent: this.#sent, received: pipes?.input.bytesRead ?? 0 };
  }

  /** Queues frames; all frames of one tick leave in one write. Does nothing once the channel has ended. */
  send(...frames: readonly Frame[]): void {
    if (this.#state.name === 'ended') return;
    for (const frame of frames) this.#outgoing.add(frame, this.#reader.seal ?? 0);
    if (this.#leaves !== 'unscheduled') return;
    this.#leaves = 'after tick';
    void this.#flushAfterTick();
  }

  /** Not by queueMicrotask, which makes an async resource each time, nor by `then`, which user code may have replaced. */
  async #flushAfterTick(): Promise<void> {
    await SETTLED;
    this.flush();
  }

  /** Queues a frame that leaves with the next one that is sent, or at the next `flush`. */
  hold(frame: Frame): void {
    if (this.#state.name === 'ended') return;
    this.#outgoing.add(frame, this.#reader.seal ?? 0);
  }

  /** Writes what was queued. @returns Whether all of it has been handed to the kernel (or never can be). */
  flush(): boolean {
    if (this.#leaves === 'after tick') this.#leaves = 'unscheduled';
    const { pipes } = this.#state;
    if (pipes === undefined) return false;
    const { output } = pipes;
    const pieces = this.#outgoing.take();
    if (!output.writable) return true;
    if (pieces.length === 0) return output.writableLength === 0;
    if (pieces.length > 1) output.cork();
    for (const piece of pieces) this.#write(piece, pipes);
    if (pieces.length > 1) output.uncork();
    return output.writableLength === 0;
  }

  /** Resolves when `flush` would return true. */
  async flushed(): Promise<void> {
    const output = this.#state.pipes?.output;
    if (output === undefined || this.flush()) return;
    await new Promise<void>((resolve) => {
      output.once('close', resolve);
      output.write('', () => {
        output.off('close', resolve);
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

  #write({ bytes, borrowed }: Piece, { output, outputFd }: Pipes): void {
    this.#sent += bytes.byteLength;
    if (!borrowed) {
      const written = outputFd !== undefined && output.writableLength === 0 ? tryWrite(outputFd, bytes) : 0;
      if (written < bytes.length) output.write(written === 0 ? bytes : bytes.subarray(written));
      return;
    }
    // The memory is its owner's. Where it is transferred away, the frame lacks what its head announced.
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

const SETTLED = Promise.resolve();
/** As it was before any user code could replace it. */
const write = writeSync;

/** Writes what there is room for. @returns How many bytes that was; 0 also where the socket is to tell why not. */
function tryWrite(fd: number, bytes: Uint8Array): number {
  try {
    return write(fd, bytes, 0, bytes.length);
  } catch {
    return 0;
  }
}

function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  return new ProtocolError('a message could not be taken', { cause: error }) satisfies BrokerError;
}

/** Of all that there are. */
export function sumTraffic(all: readonly (Traffic | undefined)[]): Traffic {
  const sum = { sent: 0, received: 0 };
  for (const { sent, received } of all.filter((one) => one !== undefined)) {
    sum.sent += sent;
    sum.received += received;
  }
  return sum;
}
