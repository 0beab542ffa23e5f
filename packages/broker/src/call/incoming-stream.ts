import { Window } from '../channel/window.js';
import { ProtocolError } from '../errors.js';

type Step = IteratorResult<unknown, undefined>;

interface Reader {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

interface Chunk {
  readonly value: unknown;
  readonly bytes: number;
}

const DONE: Step = { done: true, value: undefined };

/** The chunks of a stream that have arrived, until the reader takes them. */
export class IncomingStream {
  readonly #window = new Window();
  #arrived: Chunk[] = [];
  /** Pending reads. There are none while there are chunks. */
  #readers: Reader[] = [];
  /** `read`: the reader knows of the end. */
  #state: 'open' | 'ended' | { readonly error: unknown } | 'read' = 'open';
  #onRead: () => void = () => undefined;
  #begun = false;
  /** Chunks and bytes that the reader has taken since the last credit to the child. */
  #takenChunks = 0;
  #takenBytes = 0;
  #grant: (chunks: number) => void = () => undefined;
  #onPaused: (paused: boolean) => void = () => undefined;

  /** Whether any chunk has arrived. */
  get begun(): boolean {
    return this.#begun;
  }

  /** @param listener Called when the pipeline has to wait for the reader, and when it may go on. */
  onPaused(listener: (paused: boolean) => void): void {
    this.#onPaused = listener;
  }

  /** A process is about to run the call. @param grant Sends it a credit for more chunks. */
  connect(grant: (chunks: number) => void): void {
    this.#grant = grant;
  }

  /** @throws {ProtocolError} If the child sends more than the window allows. */
  push(value: unknown, bytes: number): void {
    if (this.#window.isFull())
      throw new ProtocolError('the child sent more of a stream than its reader has room for');
    this.#window.add(bytes);
    this.#begun = true;
    if (this.#state !== 'open') return;
    if (this.#window.isFull()) this.#onPaused(true);
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#arrived.push({ value, bytes });
    } else {
      reader.resolve({ done: false, value });
      this.#count(bytes);
    }
  }

  /** Chunks that have arrived are read before the error. The error is thrown once. */
  next(): Promise<Step> {
    const chunk = this.#arrived.shift();
    if (chunk !== undefined) {
      this.#count(chunk.bytes);
      return Promise.resolve({ done: false, value: chunk.value });
    }
    if (this.#state === 'open') {
      return new Promise((resolve, reject) => {
        this.#readers.push({ resolve, reject });
      });
    }
    const state = this.#state;
    this.#toRead();
    if (state === 'ended' || state === 'read') return Promise.resolve(DONE);
    const { error } = state;
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the pipeline may throw anything
    return Promise.reject(error);
  }

  /** No further chunk will come. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    if (this.#readers.length > 0) this.#toRead();
    for (const { resolve } of this.#readers.splice(0)) resolve(DONE);
  }

  /** No further chunk will come, because of the error. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return;
    const [first, ...others] = this.#readers.splice(0);
    first?.reject(error);
    for (const { resolve } of others) resolve(DONE);
    if (first === undefined) this.#state = { error };
    else this.#toRead();
  }

  /** The reader's signal is aborted. Unless the reader knows of the end, the next read rejects with the error. */
  abort(error: unknown): void {
    const isCancelled = typeof this.#state === 'object' && this.#arrived.length === 0;
    if (this.#state === 'open' || this.#state === 'read' || isCancelled) return;
    this.discard();
    this.#state = { error };
  }

  /** The reader reads no further. */
  leave(): void {
    this.discard();
    this.end();
    if (this.#state !== 'read') this.#toRead();
  }

  /** @param run Called when the reader knows of the end, or has left. */
  onceRead(run: () => void): void {
    if (this.#state === 'read') run();
    else this.#onRead = run;
  }

  #toRead(): void {
    this.#state = 'read';
    this.#onRead();
  }

  /** Drops the unread chunks: the reader has left, or the call was cancelled. */
  discard(): void {
    this.#arrived = [];
  }

  #count(bytes: number): void {
    this.#takenChunks += 1;
    this.#takenBytes += bytes;
    if (this.#state !== 'open' || !Window.deservesCredit(this.#takenChunks, this.#takenBytes)) return;
    const wasFull = this.#window.isFull();
    this.#window.release(this.#takenChunks);
    this.#grant(this.#takenChunks);
    this.#takenChunks = this.#takenBytes = 0;
    if (wasFull) this.#onPaused(false);
  }
}
