import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import type { Channel } from '../channel/channel.js';
import { encodeValue } from '../channel/codec.js';
import type { Frame } from '../channel/frame.js';
import { payloadBytes } from '../channel/frame.js';
import type { Failure } from '../channel/messages.js';
import { ToBroker, decodeCall, decodeTraceparent, signalFrame } from '../channel/messages.js';
import { describeThrown } from '../channel/thrown.js';
import { SerializationError } from '../errors.js';
import { Allowance } from './allowance.js';
import { origin, withOrigin } from './context.js';
import type { Methods } from './methods.js';
import { RunningCall } from './running-call.js';

/** After this many ms of computing, the event loop gets a turn before the next call. */
const TURN = 1;
/** How many reports of progress a process sends, all its calls together: in a row, and then one every so many ms. */
const REPORTS = { burst: 32, interval: 2 };
/** So much of the message of an error that is too long is shown, in characters. */
const MESSAGE_START = 200;

export interface HostOptions {
  readonly methods: Methods;
  /** How many calls run at once. */
  readonly concurrency: number;
  /** Longest result that is sent. */
  readonly maxMessageBytes: number;
  readonly channel: Pick<Channel, 'send' | 'flush' | 'flushed'>;
  /** Called where it cannot go on, as where user code has spoilt what it needs. */
  readonly onFailure: (error: unknown) => void;
}

/** Starts calls in the order they came, and runs so many at once. Each is answered exactly once. */
export class Host {
  readonly #options: HostOptions;
  readonly #waiting = new Map<number, Frame>();
  /** Of those that wait, where they have one. */
  readonly #traceparents = new Map<number, string>();
  readonly #running = new Map<number, RunningCall>();
  readonly #reports = new Allowance(REPORTS);
  /** Set while there are calls that wait. */
  #work: Promise<void> | undefined;
  /** Those who wait for a call to end. */
  readonly #whenEnded: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Tells of which trace the call is part that comes next. */
  trace({ id, payload }: Frame): void {
    this.#traceparents.set(id, decodeTraceparent(payload));
  }

  /** Takes a call; it starts when those before it have, and there is a place. */
  take(frame: Frame): void {
    this.#waiting.set(frame.id, frame);
    this.#work ??= this.#watch(this.#workOff());
  }

  /** Nobody waits for the call any more. */
  abort(id: number): void {
    this.#running.get(id)?.abort();
    if (!this.#waiting.delete(id)) return;
    this.#traceparents.delete(id);
    this.#options.channel.send(signalFrame(ToBroker.Dropped, id));
  }

  /**
   * Blames an error that nobody caught on the call that it comes from.
   * @returns false where it does not come from a call that runs.
   */
  blame(error: unknown): boolean {
    const from = origin();
    const running = [...this.#running.values()];
    // What has lost its origin can only come from the call that runs, as far as anybody can tell, if there is just one.
    const lone = from === undefined && running.length === 1 ? running[0] : undefined;
    const culprit = lone ?? running.find(({ view }) => view === from);
    culprit?.fail(error);
    return culprit !== undefined;
  }

  /**
   * Starts no further call: this process is about to end, and they are to run in the next.
   * @returns The ids of the calls that have started and are not answered.
   */
  halt(): number[] {
    this.#waiting.clear();
    return [...this.#running.keys()];
  }

  /** Resolves when no call is left. */
  async idle(): Promise<void> {
    while (this.#work !== undefined || this.#running.size > 0) await (this.#work ?? this.#ended());
  }

  async #workOff(): Promise<void> {
    const { channel } = this.#options;
    // The frames that came in the same read as this one are taken first.
    await Promise.resolve();
    let turn = performance.now();
    for (const [id, frame] of this.#waiting) {
      while (this.#running.size >= this.#options.concurrency) await this.#ended();
      // What was said of the calls before must be out before this one blocks this thread, or kills this process:
      // the broker takes the first calls that nothing was said of for the only ones that may have started.
      if (!channel.flush()) await channel.flushed();
      // It may have been aborted meanwhile.
      if (!this.#waiting.delete(id)) continue;
      this.#run(frame);
      if (performance.now() - turn < TURN) continue;
      // Aborts are read by the event loop.
      await setImmediate();
      turn = performance.now();
    }
    channel.flush();
    this.#work = undefined;
  }

  #run({ id, attempt, payload }: Frame): void {
    const { key, method: name, args } = decodeCall(payload);
    const { methods, maxMessageBytes, channel } = this.#options;
    const traceparent = this.#traceparents.get(id);
    this.#traceparents.delete(id);
    const method = methods.get(name);
    const call = new RunningCall({
      id,
      key,
      method: name,
      attempt,
      traceparent,
      channel,
      maxMessageBytes,
      allowance: this.#reports,
    });
    this.#running.set(id, call);
    if (method === undefined) {
      this.#answer(call, failureFrame(id, { kind: 'unknown-method', methods: methods.names }));
      return;
    }
    try {
      const returned = withOrigin(call.view, () => method(...args));
      if (isThenable(returned)) void this.#watch(this.#finish(call, returned));
      else if (call.failure === undefined) this.#answer(call, resultFrame(id, returned, maxMessageBytes));
      else this.#answer(call, thrownFrame(id, call.failure.error, maxMessageBytes));
    } catch (error) {
      this.#answer(call, thrownFrame(id, error, maxMessageBytes));
    }
  }

  async #finish(call: RunningCall, returned: PromiseLike<unknown>): Promise<void> {
    const { maxMessageBytes } = this.#options;
    try {
      this.#answer(call, resultFrame(call.id, await call.settled(returned), maxMessageBytes));
    } catch (error) {
      this.#answer(call, thrownFrame(call.id, error, maxMessageBytes));
    }
  }

  #answer(call: RunningCall, frame: Frame): void {
    call.end();
    this.#options.channel.send(frame);
    this.#running.delete(call.id);
    for (const wake of this.#whenEnded.splice(0)) wake();
  }

  async #watch(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** Resolves when a call has ended. */
  async #ended(): Promise<void> {
    await new Promise<void>((resolve) => this.#whenEnded.push(resolve));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function';
}

function thrownFrame(id: number, error: unknown, maxMessageBytes: number): Frame {
  const thrown = describeThrown(error, import.meta.url);
  const frame = failureFrame(id, { kind: 'thrown', thrown });
  const bytes = payloadBytes(frame.payload);
  if (bytes <= maxMessageBytes) return frame;
  const { name = 'value', message = '' } = thrown.errors[0] ?? {};
  const what = `the method threw a ${name} (${message.slice(0, MESSAGE_START)}…)`;
  const why = `which takes ${bytes} bytes, more than maxMessageBytes (${maxMessageBytes})`;
  return failureFrame(id, { kind: 'unserializable', path: 'error', message: `${what}, ${why}` });
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
