import { inspect } from 'node:util';

import { derivedKey } from '../channel/call-key.js';
import { type Payload, payloadBytes } from '../channel/frame.js';
import { type BrokerErrorDetails, CallCancelledError } from '../errors.js';
import type { CallMeter } from '../observe/call-meter.js';
import type { ResolvedCallOptions } from '../options/resolve.js';
import { isForStream } from '../process/failure.js';
import { Limit } from '../timer.js';
import { type CallSite, showingWhoAwaits, withCallSite } from './call-site.js';
import type { IncomingStream } from './incoming-stream.js';
import { type CallProgress, Progress } from './progress.js';

export type CallState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One keyed call of a pipeline's method. Settles exactly once. */
export interface Call<T = unknown> {
  readonly key: string;
  readonly method: string;
  readonly state: CallState;
  /** The result, or why there is none. A rejection that nobody looks at is not an unhandled one. */
  readonly result: Promise<T>;
  /** What the pipeline has reported of it, and will; kept with the call. */
  readonly progress: CallProgress;
  /** When the call was submitted. */
  readonly queuedAt: Date;
  /** When it started to run; `undefined` before, and where it never did. */
  readonly startedAt: Date | undefined;
  /** When it settled. */
  readonly finishedAt: Date | undefined;
  /**
   * Rejects the call with a `CallCancelledError` at once; what it may be computing is told through
   * `currentCall().signal` and dropped.
   * @returns false where the call has settled already.
   */
  cancel(reason?: unknown): boolean;
}

/** How a call ended. */
export type Outcome =
  | {
      readonly state: 'succeeded';
      readonly value: unknown;
      /** Of the value, on the wire. */ readonly bytes: number;
    }
  | {
      readonly state: 'failed' | 'cancelled';
      readonly error: unknown;
      /** Of the error, where it has crossed. */ readonly bytes?: number;
    };

/**
 * `sent`: whether a process has, or had, the call. It may begin to run it before we hear that those before it
 * have ended, so this alone tells whether a call may have started.
 * `since`: when it came into this state. This and `startedAt` as `performance.now()` tells them.
 */
type Phase =
  | { readonly state: 'queued'; readonly sent: boolean; readonly since: number }
  | { readonly state: 'running'; readonly sent: true; readonly since: number }
  | {
      readonly state: Outcome['state'];
      readonly sent: boolean;
      readonly since: number;
      readonly startedAt: number | undefined;
    };

/** What is asked for. */
export interface CallRequest {
  /** A number where the caller gave none: it is derived from that. */
  readonly key: string | number;
  readonly method: string;
  readonly payload: Payload;
  readonly options: ResolvedCallOptions;
  /** Where it was submitted; `undefined`: its error is to show where it is awaited. */
  readonly callSite: CallSite | undefined;
  /** Whether its caller may turn out to want a stream, and leave its result alone. */
  readonly maybeStream: boolean;
  /** Whether anybody can know the key: nobody does the random one of a plain `call`. */
  readonly findable: boolean;
  /** Where what the method yields is to arrive; `undefined` where it is to return its result. */
  readonly chunks: IncomingStream | undefined;
}

/** Who is told of all calls of a broker. */
export interface CallKeeper {
  /** What keys are derived from. */
  readonly keySeries: string;
  readonly meter: Pick<CallMeter, 'moved'>;
  /** What `cancel()` does. */
  readonly onCancel: (call: PendingCall, error: CallCancelledError) => void;
}

let lastOrder = 0;

const NOTHING = (): void => undefined;

/** A call, with what the broker needs of it; users see its `Call` side. */
export class PendingCall implements Call {
  readonly method: string;
  readonly options: ResolvedCallOptions;
  readonly result: Promise<unknown>;
  /** Bytes of its arguments on the wire. */
  readonly bytes: number;
  /** Whether what the method yields is wanted, rather than what it returns. */
  readonly streams: boolean;
  /** How often the call has run before. */
  attempt = 0;
  /** Its neighbours among the calls that are not settled. */
  before: PendingCall | undefined;
  after: PendingCall | undefined;
  /** Its id in messages to the process that it was sent to last. */
  sentAs = 0;
  /** When it will have waited too long to be started, as `performance.now()` tells it. */
  waitsUntil = Infinity;
  /** Whether `get(key)` is to find it. */
  readonly findable: boolean;
  /** How many callers share this call; it is cancelled when the last one has left. */
  callers = 1;
  /** Where what the method yields arrives; gone once settled, when what is unread is its reader's alone. */
  #chunks: IncomingStream | undefined;
  /** The arguments; gone once settled. */
  #payload: Payload | undefined;
  #phase: Phase;
  #key: string | number;
  readonly #maybeStream: boolean;
  #limit: Limit | undefined;
  #cleanUp: (() => void)[] | undefined;
  /** What the pipeline learns of the trace that the call is part of. */
  traceparent: string | undefined;
  /** Which of all calls this is, as they were submitted. */
  readonly order = (lastOrder += 1);
  /** When it was submitted, as `performance.now()` tells it: what that tells of later is as a date relative to it. */
  readonly submittedAt = performance.now();
  readonly #submittedDate = Date.now();
  readonly #keeper: CallKeeper;
  #callSite: CallSite | undefined;
  /** Made when somebody reports it, or asks for it. */
  #progress: Progress | undefined;
  // Set at once, by the promise's own construction.
  #resolve: (value: unknown) => void = NOTHING;
  #reject: (error: unknown) => void = NOTHING;

  constructor(request: CallRequest, keeper: CallKeeper) {
    const { key, method, payload, options, callSite, findable, maybeStream, chunks } = request;
    this.#key = key;
    this.#maybeStream = maybeStream;
    this.method = method;
    this.options = options;
    this.traceparent = options.traceparent;
    this.bytes = payloadBytes(payload);
    this.streams = chunks !== undefined;
    this.#chunks = chunks;
    chunks?.onPaused((paused) => {
      if (paused) this.#limit?.pause();
      else this.#limit?.resume();
    });
    this.findable = findable;
    this.#payload = payload;
    this.#callSite = callSite;
    this.#phase = { state: 'queued', sent: false, since: this.submittedAt };
    this.#keeper = keeper;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get key(): string {
    if (typeof this.#key === 'number') this.#key = derivedKey(this.#keeper.keySeries, this.#key);
    return this.#key;
  }

  get state(): CallState {
    return this.#phase.state;
  }

  get settled(): boolean {
    return this.state !== 'queued' && this.state !== 'running';
  }

  get chunks(): IncomingStream | undefined {
    return this.#chunks;
  }

  get progress(): Progress {
    if (this.#progress === undefined) {
      this.#progress = new Progress();
      if (this.settled) this.#progress.end();
    }
    return this.#progress;
  }

  /** Bytes of the progress that is kept with the call, on the wire. */
  get progressBytes(): number {
    return this.#progress?.bytes ?? 0;
  }

  get payload(): Payload | undefined {
    return this.#payload;
  }

  get queuedAt(): Date {
    return new Date(this.#submittedDate);
  }

  get startedAt(): Date | undefined {
    const startedAt = this.#startedAt;
    return startedAt === undefined ? undefined : this.#dateOf(startedAt);
  }

  get finishedAt(): Date | undefined {
    return this.settled ? this.#dateOf(this.#phase.since) : undefined;
  }

  /** What its user sees of it: not what the broker needs, such as its neighbours. */
  toJSON(): object {
    const { key, method, state, queuedAt, startedAt, finishedAt } = this;
    return { key, method, state, queuedAt, startedAt, finishedAt };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }

  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    const message = `call ${this.name} was cancelled while ${this.state}`;
    this.#keeper.onCancel(this, new CallCancelledError('caller', message, this.details(reason)));
    return true;
  }

  /** For messages. */
  get name(): string {
    return `${this.method} (key ${JSON.stringify(this.key)})`;
  }

  /** What an error about this call says of it. */
  details(cause?: unknown): BrokerErrorDetails {
    const { key, method } = this;
    const known = { key, method, started: this.#phase.sent };
    return cause === undefined ? known : { ...known, cause };
  }

  /** Whether it may run again after its process has died under it. What has been yielded cannot be taken back. */
  get repeatable(): boolean {
    return this.attempt < this.options.retries && this.#chunks?.begun !== true;
  }

  /**
   * Calls `run` unless the call starts, settles, or has to wait again, within `ms`, of which the time in which a stream
   * waits for its reader is no part. Replaces what was set before.
   */
  limit(ms: number, run: () => void): void {
    this.#limit?.cancel();
    this.#limit = ms === Infinity ? undefined : new Limit(ms, run);
  }

  /** Calls `run` when the call settles; at once where it has. */
  onceSettled(run: () => void): void {
    if (this.settled) run();
    else (this.#cleanUp ??= []).push(run);
  }

  /** The call is sent ahead to a process. */
  sent(): void {
    if (!this.settled) this.#phase = { state: 'queued', sent: true, since: this.#phase.since };
  }

  /** The call runs now. @param now As `performance.now()` tells it. */
  start(now: number): void {
    if (!this.settled) this.#move({ state: 'running', sent: true, since: now });
  }

  /** The call waits again, since its process has ended. @param ran Whether it may have run. */
  requeue(ran: boolean): void {
    if (this.settled) return;
    if (ran) this.attempt += 1;
    const sent = this.attempt > 0;
    if (this.state === 'running') {
      this.limit(Infinity, NOTHING);
      this.#move({ state: 'queued', sent, since: performance.now() });
    } else {
      this.#phase = { state: 'queued', sent, since: this.#phase.since };
    }
  }

  /**
   * @param now As `performance.now()` tells it.
   * @returns false where the call had settled before; nothing changes then.
   */
  settle(outcome: Outcome, now: number): boolean {
    if (this.settled) return false;
    this.#limit?.cancel();
    const { sent } = this.#phase;
    this.#move({ state: outcome.state, sent, startedAt: this.#startedAt, since: now });
    this.#payload = undefined;
    const cleanUp = this.#cleanUp;
    this.#cleanUp = undefined;
    for (const run of cleanUp ?? []) run();
    this.#progress?.end();
    if (outcome.state === 'succeeded') {
      this.#chunks?.end();
      this.#resolve(outcome.value);
    } else {
      this.#fail(outcome);
    }
    this.#chunks = undefined;
    this.#callSite = undefined;
    return true;
  }

  get #startedAt(): number | undefined {
    const phase = this.#phase;
    if (phase.state === 'running') return phase.since;
    return phase.state === 'queued' ? undefined : phase.startedAt;
  }

  #dateOf(now: number): Date {
    return new Date(this.#submittedDate + (now - this.submittedAt));
  }

  #move(phase: Phase): void {
    const { state, since } = this.#phase;
    this.#phase = phase;
    this.#keeper.meter.moved(state, phase.state, phase.since - since);
  }

  #fail({ state, error }: Exclude<Outcome, { state: 'succeeded' }>): void {
    const site = this.#callSite;
    const explained = site === undefined ? error : withCallSite(error, site);
    if (state === 'cancelled') this.#chunks?.discard();
    this.#chunks?.fail(explained);
    if (site === undefined) this.#resolve(showingWhoAwaits(error));
    else this.#reject(explained);
    // Who is still going to iterate it has nothing to handle.
    if (this.#maybeStream && isForStream(error)) this.result.catch(NOTHING);
  }
}
