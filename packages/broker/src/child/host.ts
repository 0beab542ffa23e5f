import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers';

import type { Frame } from '../channel/frame.js';
import {
  type CallMessage,
  decodeBatch,
  decodeCall,
  decodeNumber,
  decodeTraceparent,
  signalFrame,
  ToBroker,
  ToChild,
} from '../channel/messages.js';
import { UndecodableError } from '../channel/values/undecodable.js';
import type { AbortRing } from './abort-ring.js';
import { Allowance } from './allowance.js';
import { batchFrames, failureFrame, resultFrame, thrownFrame } from './answer.js';
import { chunkSource, isStreamable, type Streamable } from './chunk-source.js';
import { origin, withOrigin } from './context.js';
import type { Methods } from './methods.js';
import { OutgoingStream } from './outgoing-stream.js';
import { RunningCall, type RunningCallSetting } from './running-call.js';
import { isThenable } from './thenable.js';
import type { HostChannel } from './through-memory.js';

/** After this time of computing, in ms, the event loop gets a turn before the next call. */
const TURN = 1;
/** Token bucket of progress reports for all calls of the process: at once, and then one per interval, in ms. */
const REPORTS = { burst: 32, interval: 2 };

/** Options of a call that does not exist. */
const NO_CALL = {
  id: 0,
  key: 0,
  method: '',
  attempt: 0,
  traceparent: undefined,
  streams: false,
  timeout: Infinity,
};

export interface HostOptions {
  readonly methods: Methods;
  /** Number of calls, or batches, that run at once. */
  readonly concurrency: number;
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
  /** Longest result that is sent, in bytes. */
  readonly maxMessageBytes: number;
  /** How long a call may run, in ms, if it has no timeout of its own. */
  readonly timeout: number;
  /** Tells of abandoned calls before their messages can be read. */
  readonly aborted: Pick<AbortRing, 'look'>;
  readonly channel: HostChannel;
  /** Called if it cannot go on, for example because user code has damaged a global that it needs. */
  readonly onFailure: (error: unknown) => void;
}

/** A call, or a batch of calls, that takes one place. */
interface Job {
  /** The call that the pipeline sees. */
  readonly call: RunningCall;
  /** The calls that need an answer. */
  readonly members: readonly RunningCall[];
  /** The method that runs them as a batch; `undefined` for a single call. */
  readonly batchMethod: string | undefined;
}

/** Starts calls in the order in which they came, `concurrency` of them at once. Answers each exactly once. */
export class Host {
  readonly #options: HostOptions;
  /** Calls and batches that have not started. */
  readonly #waiting = new Map<number, Frame>();
  /** Calls that will start with their batch. */
  readonly #members = new Map<number, Frame>();
  /** By id of a waiting call that has one. */
  readonly #traceparents = new Map<number, string>();
  /** By id of a waiting call that has one of its own. */
  readonly #timeouts = new Map<number, number>();
  /** Ids of calls that do not run yet, and were abandoned. Their messages come later. */
  readonly #flagged = new Set<number>();
  /** Id of the latest call that has come. */
  #latest = 0;
  readonly #running = new Map<number, RunningCall>();
  /** Running calls and batches, each of which takes a place. */
  readonly #jobs = new Set<RunningCall>();
  readonly #setting: RunningCallSetting;
  /**
   * Keeps the shape of a RunningCall alive. If a full collection finds no object of a shape, V8 drops the shape and the
   * code that it compiled for it. With large buffers such collections come every few calls.
   */
  readonly #keptShape: RunningCall;
  /** Whether calls are being started, or will be after an event that is awaited. */
  #starting: 'no' | 'now' | 'later' = 'no';
  /** When the event loop last called `work`, by `performance.now()`. */
  #turn = 0;
  /** Callers of `idle`. */
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    const { channel, maxMessageBytes, keySeries, aborted } = options;
    this.#setting = { channel, maxMessageBytes, keySeries, aborted, allowance: new Allowance(REPORTS) };
    this.#keptShape = new RunningCall(NO_CALL, this.#setting);
  }

  /** Notes the traceparent of a call that comes next. */
  trace({ id, payload }: Frame): void {
    this.#traceparents.set(id, decodeTraceparent(payload));
  }

  /** Notes the timeout of a call that comes next. */
  limit({ id, payload }: Frame): void {
    this.#timeouts.set(id, decodeNumber(payload));
  }

  /** The call is abandoned, as `abort` will tell. The pipeline may be computing at this moment. */
  flag(id: number): void {
    const call = this.#running.get(id);
    if (call !== undefined) call.flag();
    else if (!this.#isOver(id)) this.#flagged.add(id);
  }

  /** Whether the call has come, and does not wait. Calls come in the order of their ids, which start again after 2³². */
  #isOver(id: number): boolean {
    return ((id - this.#latest) | 0) <= 0 && !this.#waiting.has(id) && !this.#members.has(id);
  }

  /** Takes a call. `work` starts it when the calls before it have started and a place is free. */
  take(frame: Frame): void {
    this.#latest = frame.id;
    this.#waiting.set(frame.id, frame);
  }

  /** Takes a call of a batch that comes later. */
  takeMember(frame: Frame): void {
    this.#latest = frame.id;
    this.#members.set(frame.id, frame);
  }

  /** The call is abandoned. */
  abort(id: number): void {
    this.#running.get(id)?.abort();
    if (this.#flagged.size > 0) this.#flagged.delete(id);
    if (!this.#waiting.delete(id) && !this.#members.delete(id)) return;
    this.#traceparents.delete(id);
    this.#timeouts.delete(id);
    this.#options.channel.answer([signalFrame(ToBroker.Dropped, id)]);
    this.#checkIdle();
  }

  /** The reader of a stream has taken `chunks` more. */
  credit(id: number, chunks: number): void {
    this.#running.get(id)?.stream?.credit(chunks);
  }

  /**
   * Rejects the running call from which an uncaught error came.
   * @returns false if it came from no running call.
   */
  blame(error: unknown): boolean {
    const from = origin();
    const running = [...this.#jobs];
    // If the error has no async context and only one call is running, blame that call.
    const lone = from === undefined && running.length === 1 ? running[0] : undefined;
    const culprit = lone ?? running.find((call) => call === from);
    culprit?.fail(error);
    return culprit !== undefined;
  }

  /**
   * Starts no further call, because this process is about to end. The waiting calls will run in the next one.
   * @returns Ids of the calls that have started and have no answer.
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

  /** Starts waiting calls, as far as places are free. The event loop calls it. */
  work(): void {
    this.#turn = performance.now();
    if (this.#starting === 'no') this.#fillPlaces();
  }

  /** A call has ended, possibly in the same turn of the event loop as many calls before. */
  #workOn(): void {
    if (this.#starting !== 'no') return;
    if (this.#waiting.size === 0 || performance.now() - this.#turn < TURN) {
      this.#fillPlaces();
      return;
    }
    this.#starting = 'later';
    this.#options.channel.flush();
    this.#goOnAfterTurn();
  }

  #fillPlaces(): void {
    this.#starting = 'now';
    try {
      this.#starting = this.#startWaiting();
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#checkIdle();
  }

  /** @returns `later` if it will go on after an event that is awaited. */
  #startWaiting(): 'no' | 'later' {
    const { channel, concurrency } = this.#options;
    for (const [id, frame] of this.#waiting) {
      if (this.#jobs.size >= concurrency) break;
      // Flush earlier answers before starting this call. If the call kills the process, the parent assumes that the first
      // unanswered calls had started, and would blame the wrong one.
      if (!channel.flush()) {
        void this.#goOnAfter(channel.flushed());
        return 'later';
      }
      this.#waiting.delete(id);
      if (frame.type === ToChild.Batch) this.#runBatch(frame);
      else this.#run(frame);
      if (this.#waiting.size === 0 || performance.now() - this.#turn < TURN) continue;
      channel.flush();
      this.#goOnAfterTurn();
      return 'later';
    }
    channel.flush();
    return 'no';
  }

  /**
   * Goes on when the event loop has read the pipe: a waiting call may be aborted by now. The first immediate may run before
   * that, because the event loop reads only what was there when it last looked.
   */
  #goOnAfterTurn(): void {
    setImmediate(() => setImmediate(this.#goOn));
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
    const { id } = frame;
    const { methods } = this.#options;
    const message = this.#decode(frame);
    if (message === undefined) return;
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
      // If there is none, it was aborted in the meantime.
      if (!this.#members.delete(member) || frame === undefined) return [];
      const message = this.#decode(frame);
      return message === undefined ? [] : [{ call: this.#begin(frame, message), message }];
    });
    const [first] = begun;
    if (first === undefined) return;
    const calls = begun.map(({ call }) => call);
    const { key } = first.message;
    const { traceparent } = first.call;
    const attempt = Math.max(...calls.map((call) => call.attempt));
    const timeout = Infinity; // each call has its own
    const batch = { id, key, method: name, attempt, traceparent, streams: false, timeout, members: calls };
    const job: Job = { call: new RunningCall(batch, this.#setting), members: calls, batchMethod: name };
    const args = begun.map(({ message }) => message.args[0]);
    this.#execute(job, () => this.#options.methods.runsBatches(name).run(args));
  }

  /** Answers the call if its arguments cannot be decoded, and returns undefined. */
  #decode({ id, payload }: Frame): CallMessage | undefined {
    try {
      return decodeCall(payload);
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
      this.#traceparents.delete(id);
      this.#timeouts.delete(id);
      const message = `the arguments cannot be decoded in the pipeline's process: ${error.message}`;
      this.#options.channel.answer([failureFrame(id, { kind: 'unserializable', path: 'args', message })]);
      return undefined;
    }
  }

  #begin({ type, id, attempt }: Frame, { key, method }: CallMessage): RunningCall {
    const traceparent = this.#traceparents.size === 0 ? undefined : this.#traceparents.get(id);
    if (traceparent !== undefined) this.#traceparents.delete(id);
    const ownTimeout = this.#timeouts.size === 0 ? undefined : this.#timeouts.get(id);
    if (ownTimeout !== undefined) this.#timeouts.delete(id);
    const timeout = ownTimeout ?? this.#options.timeout;
    const streams = type === ToChild.Stream;
    const call = new RunningCall({ id, key, method, attempt, traceparent, streams, timeout }, this.#setting);
    this.#running.set(id, call);
    if (this.#flagged.size > 0 && this.#flagged.delete(id)) call.flag();
    return call;
  }

  #execute(job: Job, run: () => unknown): void {
    this.#jobs.add(job.call);
    try {
      const returned = withOrigin(job.call, run);
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

  /** Prepares to send the chunks that the method yields. */
  #stream(call: RunningCall, streamable: Streamable): OutgoingStream {
    const { channel, maxMessageBytes } = this.#options;
    const source = withOrigin(call, () => chunkSource(streamable));
    const stream = new OutgoingStream({ call, source, channel, maxMessageBytes });
    call.stream = stream;
    return stream;
  }

  async #follow(job: Job, stream: OutgoingStream): Promise<void> {
    let answer: Frame;
    try {
      const encode = await job.call.settled(stream.run());
      answer = encode();
    } catch (error) {
      // An uncaught error in other code of the call may be the reason why no further chunk would come.
      stream.stop();
      answer = thrownFrame(job.call.id, error, this.#options.maxMessageBytes);
    }
    this.#answer(job, [answer]);
  }

  #fail(job: Job, error: unknown): void {
    // Encoded once, because a getter of the error may change what it returns, or has returned.
    const frame = thrownFrame(job.call.id, error, this.#options.maxMessageBytes);
    this.#answer(
      job,
      job.members.map(({ id }) => ({ ...frame, id })),
    );
  }

  #answer({ call, members }: Job, frames: readonly Frame[]): void {
    for (const member of members) member.end();
    this.#options.channel.answer(frames);
    for (const { id } of members) this.#running.delete(id);
    this.#jobs.delete(call);
    for (const member of members) member.answered();
    this.#workOn();
  }

  async #watch(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.onFailure(error);
    }
  }
}
