import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import { encodeValue } from '../channel/codec.js';
import type { Frame } from '../channel/frame.js';
import { payloadBytes } from '../channel/frame.js';
import type { Failure } from '../channel/messages.js';
import { ToBroker, decodeCall, signalFrame } from '../channel/messages.js';
import { describeThrown } from '../channel/thrown.js';
import { SerializationError } from '../errors.js';
import { withCall } from './context.js';
import type { Methods } from './methods.js';

/** After this many ms of computing, the event loop gets a turn before the next call. */
const TURN = 1;

interface RunningCall {
  readonly id: number;
  readonly abort: AbortController;
  /** Settles the call before its method does, when something that it started went wrong. */
  readonly fail: (error: unknown) => void;
}

export interface HostOptions {
  readonly methods: Methods;
  /** Longest result that is sent. */
  readonly maxMessageBytes: number;
  readonly send: (frame: Frame) => void;
  /** Resolves when what was sent has left the process. */
  readonly flush: () => Promise<void>;
}

/** Runs calls one after the other, in the order they came. Each is answered exactly once. */
export class Host {
  readonly #options: HostOptions;
  readonly #waiting = new Map<number, Frame>();
  #running: RunningCall | undefined;
  #turn: Promise<void> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Takes a call; it runs when those before it are done. */
  take(frame: Frame): void {
    this.#waiting.set(frame.id, frame);
    this.#turn ??= this.#work();
  }

  /** Nobody waits for the call any more. */
  abort(id: number): void {
    if (this.#running?.id === id) {
      this.#running.abort.abort();
    } else if (this.#waiting.delete(id)) {
      this.#options.send(signalFrame(ToBroker.Dropped, id));
    }
  }

  /**
   * Blames an error that nobody caught on the call that is running.
   * @returns false where none is.
   */
  blame(error: unknown): boolean {
    if (this.#running === undefined) return false;
    this.#running.fail(error);
    return true;
  }

  /** Resolves when no call is left. */
  async idle(): Promise<void> {
    while (this.#turn !== undefined) await this.#turn;
  }

  async #work(): Promise<void> {
    // The frames that came in the same read as this one are taken first.
    await Promise.resolve();
    for (const [id, frame] of this.#waiting) {
      this.#waiting.delete(id);
      const start = performance.now();
      this.#options.send(await this.#run(frame));
      // A result must be out before the next call blocks this thread, or kills this process.
      await this.#options.flush();
      // Aborts are read by the event loop.
      if (performance.now() - start > TURN) await setImmediate();
    }
    this.#turn = undefined;
  }

  async #run({ id, attempt, payload }: Frame): Promise<Frame> {
    const { key, method: name, args } = decodeCall(payload);
    const { methods, maxMessageBytes } = this.#options;
    const method = methods.get(name);
    if (method === undefined) return failureFrame(id, { kind: 'unknown-method', methods: methods.names });
    const abort = new AbortController();
    try {
      const call = { key, method: name, attempt, signal: abort.signal };
      const returned = withCall(call, () => method(...args));
      const result = await new Promise<unknown>((resolve, reject) => {
        this.#running = { id, abort, fail: reject };
        // Not `resolve(returned)`, which would leave no room for `fail`.
        Promise.resolve(returned).then(resolve, reject);
      });
      return resultFrame(id, result, maxMessageBytes);
    } catch (error) {
      return failureFrame(id, { kind: 'thrown', thrown: describeThrown(error) });
    } finally {
      this.#running = undefined;
    }
  }
}

function resultFrame(id: number, result: unknown, maxMessageBytes: number): Frame {
  try {
    const payload = encodeValue(result, 'result');
    const bytes = payloadBytes(payload);
    if (bytes <= maxMessageBytes) return { type: ToBroker.Result, id, attempt: 0, payload };
    const message = `the result takes ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
    return failureFrame(id, { kind: 'unserializable', path: 'result', message });
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    return failureFrame(id, { kind: 'unserializable', path: error.path, message: error.message });
  }
}

function failureFrame(id: number, failure: Failure): Frame {
  return { type: ToBroker.Failure, id, attempt: 0, payload: encodeValue(failure, 'failure') };
}
