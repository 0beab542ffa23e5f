import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import { ToBroker, ToChild, decodeCall, decodeTraceparent, signalFrame } from '../channel/messages.js';
import { Allowance } from './allowance.js';
import { failureFrame, resultFrame, thrownFrame } from './answer.js';
import type { Streamable } from './chunk-source.js';
import { chunkSource, isStreamable } from './chunk-source.js';
import { origin, withOrigin } from './context.js';
import type { Methods } from './methods.js';
import { OutgoingStream } from './outgoing-stream.js';
import { RunningCall } from './running-call.js';
import { isThenable } from './thenable.js';

/** After this many ms of computing, the event loop gets a turn before the next call. */
const TURN = 1;
/** How many reports of progress a process sends, all its calls together: in a row, and then one every so many ms. */
const REPORTS = { burst: 32, interval: 2 };

export interface HostOptions {
  readonly methods: Methods;
  /** How many calls run at once. */
  readonly concurrency: number;
  /** Longest result that is sent. */
  readonly maxMessageBytes: number;
  readonly channel: Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;
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

  /** The reader of a stream has taken so many chunks more. */
  credit(id: number, chunks: number): void {
    this.#running.get(id)?.stream?.credit(chunks);
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

  #run({ type, id, attempt, payload }: Frame): void {
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
      streams: type === ToChild.Stream,
      channel,
      maxMessageBytes,
      allowance: this.#reports,
    });
    this.#running.set(id, call);
    if (method === undefined) {
      this.#answer(call, failureFrame(id, { kind: 'unknown-method', methods: methods.names }));
      return;
    }
    if (method.yields && !call.streams) {
      this.#answer(call, failureFrame(id, { kind: 'yields', started: false }));
      return;
    }
    try {
      const returned = withOrigin(call.view, () => method.run(...args));
      if (call.streams && isStreamable(returned)) this.#stream(call, returned);
      else if (isThenable(returned)) void this.#watch(this.#finish(call, returned));
      else this.#conclude(call, returned);
    } catch (error) {
      this.#answer(call, thrownFrame(id, error, maxMessageBytes));
    }
  }

  async #finish(call: RunningCall, returned: PromiseLike<unknown>): Promise<void> {
    try {
      this.#conclude(call, await call.settled(returned));
    } catch (error) {
      this.#answer(call, thrownFrame(call.id, error, this.#options.maxMessageBytes));
    }
  }

  /** The method has returned. */
  #conclude(call: RunningCall, result: unknown): void {
    const { id, streams, failure } = call;
    const { maxMessageBytes } = this.#options;
    const yields = isStreamable(result);
    if (failure !== undefined) this.#answer(call, thrownFrame(id, failure.error, maxMessageBytes));
    else if (yields && streams) this.#stream(call, result);
    else if (yields) this.#answer(call, failureFrame(id, { kind: 'yields', started: true }));
    else if (streams) this.#answer(call, failureFrame(id, { kind: 'returns' }));
    else this.#answer(call, resultFrame(id, result, maxMessageBytes));
  }

  /** What the method yields is sent. */
  #stream(call: RunningCall, streamable: Streamable): void {
    const { channel, maxMessageBytes } = this.#options;
    const source = withOrigin(call.view, () => chunkSource(streamable));
    const stream = new OutgoingStream({ call, source, channel, maxMessageBytes });
    call.stream = stream;
    void this.#watch(this.#follow(call, stream));
  }

  async #follow(call: RunningCall, stream: OutgoingStream): Promise<void> {
    let answer: Frame;
    try {
      answer = await call.settled(stream.run());
    } catch (error) {
      // It went wrong beside what is yielded, and may be the reason why nothing more would be.
      stream.stop();
      answer = thrownFrame(call.id, error, this.#options.maxMessageBytes);
    }
    this.#answer(call, answer);
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
