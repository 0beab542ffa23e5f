import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';

import type { Channel } from '../channel/channel.js';
import type { Frame } from '../channel/frame.js';
import {
  type CallMessage,
  decodeBatch,
  decodeCall,
  decodeTraceparent,
  signalFrame,
  ToBroker,
  ToChild,
} from '../channel/messages.js';
import { Allowance } from './allowance.js';
import { failureFrame, resultFrame, thrownFrame } from './answer.js';
import { batchFrames } from './batch-answers.js';
import { chunkSource, isStreamable, type Streamable } from './chunk-source.js';
import { origin, withOrigin } from './context.js';
import { keepOne } from './kept-shapes.js';
import type { Methods } from './methods.js';
import { OutgoingStream } from './outgoing-stream.js';
import { RunningCall, type RunningCallSetting } from './running-call.js';
import { isThenable } from './thenable.js';

/** After this many ms of computing, the event loop gets a turn before the next call. */
const TURN = 1;
/** How many reports of progress a process sends, all its calls together: in a row, and then one every so many ms. */
const REPORTS = { burst: 32, interval: 2 };

export interface HostOptions {
  readonly methods: Methods;
  /** How many calls, or batches, run at once. */
  readonly concurrency: number;
  /** What the keys are derived from of calls that were given none. */
  readonly keySeries: string;
  /** Longest result that is sent. */
  readonly maxMessageBytes: number;
  readonly channel: Pick<Channel, 'send' | 'hold' | 'flush' | 'flushed'>;
  /** Called where it cannot go on, as where user code has spoilt what it needs. */
  readonly onFailure: (error: unknown) => void;
}

/** What takes one place: a call, or a batch of them. */
interface Job {
  /** What the pipeline sees. */
  readonly call: RunningCall;
  /** The calls that are to be answered. */
  readonly members: readonly RunningCall[];
  /** The method that runs them all at once, where this is a batch. */
  readonly batchMethod: string | undefined;
}

/** Starts calls in the order they came, and runs so many at once. Each is answered exactly once. */
export class Host {
  readonly #options: HostOptions;
  /** Calls and batches. */
  readonly #waiting = new Map<number, Frame>();
  /** Calls that run with their batch. */
  readonly #members = new Map<number, Frame>();
  /** Of those that wait, where they have one. */
  readonly #traceparents = new Map<number, string>();
  readonly #running = new Map<number, RunningCall>();
  /** What takes a place. */
  readonly #jobs = new Set<RunningCall>();
  readonly #setting: RunningCallSetting;
  /** Whether calls are being started, or are to be started later: something has to be waited for. */
  #starting: 'no' | 'now' | 'later' = 'no';
  /** When the event loop last had calls started, as `performance.now()` tells it. */
  #turn = 0;
  /** Those who wait for the last call to end. */
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    const { channel, maxMessageBytes, keySeries } = options;
    this.#setting = { channel, maxMessageBytes, keySeries, allowance: new Allowance(REPORTS) };
    const example = { id: 0, key: 0, method: '', attempt: 0, traceparent: undefined, streams: false };
    keepOne(new RunningCall(example, this.#setting));
  }

  /** Tells of which trace the call is part that comes next. */
  trace({ id, payload }: Frame): void {
    this.#traceparents.set(id, decodeTraceparent(payload));
  }

  /** Takes a call; `work` starts it when those before it have started, and there is a place. */
  take(frame: Frame): void {
    this.#waiting.set(frame.id, frame);
  }

  /** Takes a call of the batch that comes next. */
  takeMember(frame: Frame): void {
    this.#members.set(frame.id, frame);
  }

  /** Nobody waits for the call any more. */
  abort(id: number): void {
    this.#running.get(id)?.abort();
    if (!this.#waiting.delete(id) && !this.#members.delete(id)) return;
    this.#traceparents.delete(id);
    this.#options.channel.send(signalFrame(ToBroker.Dropped, id));
    this.#checkIdle();
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
    const running = [...this.#jobs];
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
    this.#members.clear();
    return [...this.#running.keys()];
  }

  /** Resolves when no call is left. */
  async idle(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Starts the calls that wait, as far as there are places. To be called by the event loop. */
  work(): void {
    this.#turn = performance.now();
    this.#fillPlaces();
  }

  /** Also called where another call has ended, which may be in the same turn as all those before. */
  #fillPlaces(): void {
    if (this.#starting !== 'no') return;
    this.#starting = 'now';
    try {
      this.#starting = this.#startWaiting();
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#checkIdle();
  }

  /** @returns Whether it is to go on later. */
  #startWaiting(): 'no' | 'later' {
    const { channel, concurrency } = this.#options;
    for (const [id, frame] of this.#waiting) {
      if (this.#jobs.size >= concurrency) break;
      // What was said of the calls before must be out before this one blocks this thread, or kills this process:
      // the broker takes the first calls that nothing was said of for the only ones that may have started.
      if (!channel.flush()) {
        void this.#goOnAfter(channel.flushed());
        return 'later';
      }
      this.#waiting.delete(id);
      if (frame.type === ToChild.Batch) this.#runBatch(frame);
      else this.#run(frame);
      if (this.#waiting.size === 0 || performance.now() - this.#turn < TURN) continue;
      // Aborts are read by the event loop.
      setImmediate(this.#goOn);
      channel.flush();
      return 'later';
    }
    channel.flush();
    return 'no';
  }

  readonly #goOn = (): void => {
    this.#starting = 'no';
    this.work();
  };

  async #goOnAfter(event: Promise<void>): Promise<void> {
    await event;
    this.#goOn();
  }

  #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#jobs.size === 0;
  }

  #checkIdle(): void {
    if (this.#whenIdle.length > 0 && this.#isIdle()) for (const wake of this.#whenIdle.splice(0)) wake();
  }

  #run(frame: Frame): void {
    const { id, payload } = frame;
    const { methods } = this.#options;
    const message = decodeCall(payload);
    const call = this.#begin(frame, message);
    const job: Job = { call, members: [call], batchMethod: undefined };
    const method = methods.get(message.method);
    if (method === undefined) {
      this.#answer(job, [failureFrame(id, { kind: 'unknown-method', methods: methods.names })]);
    } else if (method.yields && !call.streams) {
      this.#answer(job, [failureFrame(id, { kind: 'yields', started: false })]);
    } else {
      this.#execute(job, () => method.run(...message.args));
    }
  }

  #runBatch({ id, payload }: Frame): void {
    const { method: name, members } = decodeBatch(payload);
    const begun = members.flatMap((member) => {
      const frame = this.#members.get(member);
      // Where there is none, it was aborted meanwhile.
      if (!this.#members.delete(member) || frame === undefined) return [];
      const message = decodeCall(frame.payload);
      return [{ call: this.#begin(frame, message), message }];
    });
    const [first] = begun;
    if (first === undefined) return;
    const calls = begun.map(({ call }) => call);
    const { key } = first.message;
    const { traceparent } = first.call.view;
    const attempt = Math.max(...calls.map(({ view }) => view.attempt));
    const batch = { id, key, method: name, attempt, traceparent, streams: false, members: calls };
    const job: Job = { call: new RunningCall(batch, this.#setting), members: calls, batchMethod: name };
    const args = begun.map(({ message }) => message.args[0]);
    this.#execute(job, () => this.#options.methods.runsBatches(name).run(args));
  }

  #begin({ type, id, attempt }: Frame, { key, method }: CallMessage): RunningCall {
    const traceparent = this.#traceparents.size === 0 ? undefined : this.#traceparents.get(id);
    if (traceparent !== undefined) this.#traceparents.delete(id);
    const streams = type === ToChild.Stream;
    const call = new RunningCall({ id, key, method, attempt, traceparent, streams }, this.#setting);
    this.#running.set(id, call);
    return call;
  }

  #execute(job: Job, run: () => unknown): void {
    this.#jobs.add(job.call);
    try {
      const returned = withOrigin(job.call.view, run);
      const isStream = job.call.streams && isStreamable(returned);
      if (isThenable(returned) && !isStream) void this.#finish(job, returned);
      else this.#conclude(job, returned);
    } catch (error) {
      this.#fail(job, error);
    }
  }

  async #finish(job: Job, returned: PromiseLike<unknown>): Promise<void> {
    try {
      try {
        this.#conclude(job, await job.call.settled(returned));
      } catch (error) {
        this.#fail(job, error);
      }
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** The method has returned. */
  #conclude(job: Job, result: unknown): void {
    const { call, members, batchMethod } = job;
    if (call.failure !== undefined) {
      this.#fail(job, call.failure.error);
      return;
    }
    const { maxMessageBytes } = this.#options;
    const answers =
      batchMethod === undefined
        ? this.#answersTo(call, result)
        : batchFrames(batchMethod, members, result, maxMessageBytes);
    if (answers instanceof OutgoingStream) void this.#watch(this.#follow(job, answers));
    else this.#answer(job, answers);
  }

  #answersTo(call: RunningCall, result: unknown): readonly Frame[] | OutgoingStream {
    const { id, streams } = call;
    const yields = isStreamable(result);
    if (yields && streams) return this.#stream(call, result);
    if (yields) return [failureFrame(id, { kind: 'yields', started: true })];
    if (streams) return [failureFrame(id, { kind: 'returns' })];
    return [resultFrame(id, result, this.#options.maxMessageBytes)];
  }

  /** What the method yields is sent. */
  #stream(call: RunningCall, streamable: Streamable): OutgoingStream {
    const { channel, maxMessageBytes } = this.#options;
    const source = withOrigin(call.view, () => chunkSource(streamable));
    call.stream = new OutgoingStream({ call, source, channel, maxMessageBytes });
    return call.stream;
  }

  async #follow(job: Job, stream: OutgoingStream): Promise<void> {
    let answer: Frame;
    try {
      answer = await job.call.settled(stream.run());
    } catch (error) {
      // It went wrong beside what is yielded, and may be the reason why nothing more would be.
      stream.stop();
      answer = thrownFrame(job.call.id, error, this.#options.maxMessageBytes);
    }
    this.#answer(job, [answer]);
  }

  #fail(job: Job, error: unknown): void {
    const { maxMessageBytes } = this.#options;
    const frames = job.members.map(({ id }) => thrownFrame(id, error, maxMessageBytes));
    this.#answer(job, frames);
  }

  #answer({ call, members }: Job, frames: readonly Frame[]): void {
    for (const member of members) member.end();
    this.#options.channel.send(...frames);
    for (const { id } of members) this.#running.delete(id);
    this.#jobs.delete(call);
    this.#fillPlaces();
  }

  async #watch(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
