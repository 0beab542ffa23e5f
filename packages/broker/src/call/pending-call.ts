import { inspect } from 'node:util';

import { derivedKey } from '../channel/call-key.js';
import { type Payload, payloadBytes } from '../channel/frame.js';
import type { BrokerErrorDetails, CallCancelledError } from '../errors.js';
import type { ResolvedCallOptions } from '../options/resolve.js';
import { Limit } from '../timer.js';
import type { Call, CallState } from './call.js';
import { cancelledError } from './call-errors.js';
import { type CallSite, showingWhoAwaits, withCallSite } from './call-site.js';
import type { IncomingStream } from './incoming-stream.js';
import { Progress } from './progress.js';

/** How a call ended. */
export type Outcome =
  | {
      readonly state: 'succeeded';
      readonly value: unknown;
      /** Length of the value on the wire, in bytes. */
      readonly bytes: number;
    }
  | {
      readonly state: 'failed' | 'cancelled';
      readonly error: unknown;
      /** Length of the error on the wire, in bytes; absent if the parent made it. */
      readonly bytes?: number;
      /** The method turned out to yield its results, so only `stream` can read it. */
      readonly yields?: boolean;
    };

/**
 * `sent`: whether a process has, or had, the call. A process may start a call before the parent hears that the calls
 * ahead of it have ended. So a call that was sent may have started.
 *
 * `since`: when the call came into this state. Both times are those of `performance.now()`.
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

/** A call that a caller asks for. */
export interface CallRequest {
  /** Place of the call in the order of submission, over all brokers. */
  readonly order: number;
  /** The key that the caller gave. */
  readonly key: string | undefined;
  readonly method: string;
  readonly payload: Payload;
  readonly options: ResolvedCallOptions;
  /** The place of the submission, for the error's stack. If `undefined`, the stack shows the functions that await it. */
  readonly callSite: CallSite | undefined;
  /** Whether the caller may iterate the call instead of awaiting its result (calls by `broker.pipeline`). */
  readonly maybeStream: boolean;
  /** Whether `get(key)` can find it. Nobody knows the random key of a plain `call`. */
  readonly findable: boolean;
  /** Takes the chunks that the method yields; `undefined` if the method returns its result. */
  readonly chunks: IncomingStream | undefined;
}

/** Learns about all calls of a broker. */
export interface CallKeeper {
  /** A random UUID. The keys of calls that were given none are derived from it. */
  readonly keySeries: string;
  readonly meter: { moved(from: CallState, to: CallState, ms: number): void };
  readonly positions: { of(call: PendingCall): number };
  /** Called by `cancel()`. */
  readonly onCancel: (call: PendingCall, error: CallCancelledError) => void;
}

const NOTHING = (): void => undefined;

/** A call with everything that the broker needs for it. Users see only its `Call` side. */
export class PendingCall implements Call {
  readonly order: number;
  readonly method: string;
  readonly options: ResolvedCallOptions;
  readonly result: Promise<unknown>;
  /** Length of its arguments on the wire, in bytes. */
  readonly bytes: number;
  /** Whether the caller wants the chunks that the method yields, not a result. */
  readonly streams: boolean;
  /** How often the call has run before. */
  attempt = 0;
  /** How many processes ended when it was to start next, and they ran no call. */
  suspicions = 0;
  /** Its neighbours in the list of unsettled calls. */
  before: PendingCall | undefined;
  after: PendingCall | undefined;
  /** Its id in messages to the process that it was sent to last. */
  sentAs = 0;
  /** When its `queueTimeout` ends, by `performance.now()`. */
  waitsUntil = Infinity;
  readonly findable: boolean;
  /** Number of callers who share this call. When the last one has left, the call is cancelled. */
  callers = 1;
  /** Dropped when the call settles: unread chunks belong to the reader alone. */
  #chunks: IncomingStream | undefined;
  /** The arguments. Dropped when the call settles. */
  #payload: Payload | undefined;
  #phase: Phase;
  #key: string | undefined;
  readonly #maybeStream: boolean;
  #limit: Limit | undefined;
  #cleanUp: (() => void)[] | undefined;
  /** The W3C traceparent that the pipeline sees. */
  traceparent: string | undefined;
  /** By `performance.now()`. Dates of later events are computed relative to it. */
  readonly submittedAt = performance.now();
  readonly #submittedDate = Date.now();
  readonly #keeper: CallKeeper;
  #callSite: CallSite | undefined;
  /** Made on the first report, or when the user asks for it. */
  #progress: Progress | undefined;
  // Both are set by the promise's own construction, before anybody can use them.
  #resolve: (value: unknown) => void = NOTHING;
  #reject: (error: unknown) => void = NOTHING;

  constructor(request: CallRequest, keeper: CallKeeper) {
    const { order, key, method, payload, options, callSite, findable, maybeStream, chunks } = request;
    this.order = order;
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
    return (this.#key ??= derivedKey(this.#keeper.keySeries, this.order));
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

  /** Length on the wire of the progress value that is kept with the call, in bytes. */
  get progressBytes(): number {
    return this.#progress?.bytes ?? 0;
  }

  get payload(): Payload | undefined {
    return this.#payload;
  }

  get position(): number {
    return this.state === 'queued' ? this.#keeper.positions.of(this) : 0;
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

  /** Only the user's side of it. The neighbours in the list would make JSON of it fail. */
  toJSON(): object {
    const { key, method, state, position, queuedAt, startedAt, finishedAt } = this;
    return { key, method, state, position, queuedAt, startedAt, finishedAt };
  }

  [inspect.custom](): object {
    return this.toJSON();
  }

  cancel(reason?: unknown): boolean {
    if (this.settled) return false;
    this.#keeper.onCancel(this, cancelledError(this, reason));
    return true;
  }

  /** For messages. */
  get name(): string {
    return `${this.method} (key ${JSON.stringify(this.key)})`;
  }

  /** The details for an error about this call. */
  details(cause?: unknown): BrokerErrorDetails {
    const { key, method } = this;
    const known = { key, method, started: this.#phase.sent };
    return cause === undefined ? known : { ...known, cause };
  }

  /** Whether it may run again after its process died. A stream may not once a chunk has reached the reader. */
  get repeatable(): boolean {
    return this.attempt < this.options.retries && this.#chunks?.begun !== true;
  }

  /**
   * Calls `run` after `ms`, unless the call starts, settles or is queued again before. The clock stands still while a
   * stream waits for its reader. Replaces the limit that was set before.
   */
  limit(ms: number, run: () => void): void {
    this.#limit?.cancel();
    this.#limit = ms === Infinity ? undefined : new Limit(ms, run);
  }

  /** Calls `run` when the call settles, or at once if it has settled. */
  onceSettled(run: () => void): void {
    if (this.settled) run();
    else (this.#cleanUp ??= []).push(run);
  }

  /** A process gets the call, maybe ahead of its turn. */
  sent(): void {
    if (!this.settled) this.#phase = { state: 'queued', sent: true, since: this.#phase.since };
  }

  /** @param now By `performance.now()`. */
  start(now: number): void {
    if (!this.settled) this.#move({ state: 'running', sent: true, since: now });
  }

  /** The call waits again, because its process has ended. @param ran Whether it may have run. */
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
   * The only way in which a call ends.
   * @param now By `performance.now()`.
   * @returns false if the call had settled before; then nothing changes.
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

  #fail({ state, error, yields = false }: Exclude<Outcome, { state: 'succeeded' }>): void {
    const site = this.#callSite;
    const explained = site === undefined ? error : withCallSite(error, site);
    if (state === 'cancelled') this.#chunks?.discard();
    this.#chunks?.fail(explained);
    if (site !== undefined) {
      this.#reject(explained);
      return;
    }
    // The caller may iterate the call later, and then has no rejection to handle.
    const ignore = this.#maybeStream && yields ? () => void this.result.catch(NOTHING) : undefined;
    this.#resolve(showingWhoAwaits(error, ignore));
  }
}
