import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

import { abandonable, onAbort } from './call/abort.js';
import {
  abortError,
  changedArgumentsError,
  duplicateKeyError,
  queueTimeoutError,
  timeoutError,
} from './call/call-errors.js';
import { CallRegistry } from './call/call-registry.js';
import { type CallKeeper, type CallRequest, type Outcome, PendingCall } from './call/pending-call.js';
import { PendingCalls } from './call/pending-calls.js';
import { Positions } from './call/positions.js';
import { NO_BUFFERS, payloadBytes, samePayload } from './channel/frame.js';
import { BatchMeter, type BatchStats } from './observe/batch-meter.js';
import { CallMeter, type CallStats } from './observe/call-meter.js';
import type { Diagnostics } from './observe/diagnostics.js';
import type { ResolvedOptions } from './options/resolve.js';
import type { ProcessExit } from './process/exit.js';
import type { CallListener, LostCall, RunInfo, Shipment } from './process/process-calls.js';
import { lostCallError, suspectError } from './process/process-errors.js';
import { Admission } from './queue/admission.js';
import { MethodTimes } from './queue/method-times.js';
import { MovingMean } from './queue/moving-mean.js';
import { Schedule } from './queue/schedule.js';
import type { KeepAlive } from './timer.js';

/** Deaths of processes after which the call that was to start next is rejected. */
const MAX_SUSPICIONS = 2;
/** For how long the event loop may be held to reject calls, in ms. */
const SLICE = 2;
/** Weight of the newest call in the mean running time. */
const WEIGHT = 0.2;

/** A call that nobody made. */
const NO_REQUEST: Omit<CallRequest, 'options'> = {
  order: 0,
  key: undefined,
  method: '',
  payload: { metadata: new Uint8Array(0), buffers: NO_BUFFERS },
  callSite: undefined,
  maybeStream: false,
  findable: false,
  chunks: undefined,
};

/** A process, or what stands for one, that can take calls. */
export interface Worker {
  /** Its index, from 0. */
  readonly index: number;
  readonly calls: { send(shipment: Shipment): void };
}

/** A worker that can take a call now. */
export interface Free {
  readonly process: Worker;
  /** How many calls it can take, as a batch. */
  readonly room: number;
  /** Whether it should get a call that is expected to run for this time, in ms. */
  readonly takes: (expected: number | undefined) => boolean;
}

/** All that can take calls. */
export interface Workers {
  /** By index: how many calls each can take now, or as soon as it is ready. */
  readonly places: readonly number[];
  /** The workers that can take a call now, the least busy one first. */
  free(): readonly Free[];
  /**
   * The least busy worker that should get a call.
   * @param expected How long the call is expected to run, in ms; `undefined` if that is not known.
   */
  leastBusy(expected: number | undefined): Worker | undefined;
  /** Whether a worker has the call. */
  has(call: PendingCall): boolean;
  /** The last caller has left: the worker that has the call may go on with it for `patience` ms. */
  abandon(call: PendingCall, patience: number): void;
}

export interface DispatcherOptions {
  readonly options: ResolvedOptions;
  /** Called once, on first use. */
  readonly makeWorkers: () => Workers;
  readonly keepAlive: KeepAlive;
  readonly diagnostics: Diagnostics;
  /** Called when a call is about to settle. @param error The reason if it did not succeed. */
  readonly onSettled: (call: PendingCall, error: unknown) => void;
  /** Called when calls may leave that have waited for others. */
  readonly onReady: () => void;
  /** Called when no call is left. */
  readonly onIdle: () => void;
}

/** Follows every call from its acceptance to its one end. */
export class Dispatcher implements CallListener {
  #workers: Workers | undefined;
  readonly #options: DispatcherOptions;
  readonly #schedule: Schedule;
  readonly #batches = new BatchMeter();
  readonly #registry: CallRegistry;
  /** How long calls run, in ms. */
  readonly #serviceTime = new MovingMean(WEIGHT);
  /** The same, with the time of a batch divided by the number of its calls. */
  readonly #costPerCall = new MovingMean(WEIGHT);
  /** The same, of the calls that succeeded, by method. */
  readonly #costs = new MethodTimes(WEIGHT);
  readonly #meter = new CallMeter();
  readonly #admission: Admission;
  /** Accepted and not settled. */
  readonly #pending = new PendingCalls();
  readonly #positions = new Positions({
    calls: () => this.#pending.all,
    isSent: (call) => this.workers.has(call),
  });
  readonly #keeper: CallKeeper;
  /**
   * Keeps the shape of a PendingCall alive. If a full collection finds no object of a shape, V8 drops the shape, and the code
   * for it does not fit the next one. After a few times it stays slow (docs/benchmarks.md).
   */
  readonly #keptShape: PendingCall;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { processes, concurrency, batch, keySeries, killDelay } = options.options;
    this.#keeper = {
      meter: this.#meter,
      positions: this.#positions,
      keySeries,
      onCancel: (call, error) => {
        this.#giveUp(call, { state: 'cancelled', error }, killDelay.cancel);
      },
    };
    this.#keptShape = new PendingCall({ ...NO_REQUEST, options: options.options.callDefaults }, this.#keeper);
    this.#schedule = new Schedule({
      processes: processes.max,
      concurrency,
      batch,
      expected: (method) => this.#costs.expected(method),
      isFull: () => this.#admission.isFull,
      onReady: () => {
        this.dispatch();
        options.onReady();
      },
    });
    this.#admission = new Admission({
      options: options.options,
      schedule: this.#schedule,
      costPerCall: () => this.#costPerCall.value,
      places: () => this.workers.places,
    });
    this.#registry = new CallRegistry(options.options.keep);
  }

  get workers(): Workers {
    return (this.#workers ??= this.#options.makeWorkers());
  }

  /** Number of calls that are accepted and not settled. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The unsettled calls, in the order of submission. */
  get calls(): readonly PendingCall[] {
    return this.#pending.all;
  }

  get queue(): { readonly length: number; readonly bytes: number } {
    const { length, bytes } = this.#schedule;
    return { length, bytes };
  }

  /** How long calls run, in ms; `undefined` before the first has run. */
  get serviceTime(): number | undefined {
    return this.#serviceTime.value;
  }

  get callStats(): CallStats {
    return this.#meter.stats;
  }

  /** By method. */
  get batches(): Readonly<Record<string, BatchStats>> {
    return this.#batches.stats;
  }

  get(key: string): PendingCall | undefined {
    return this.#registry.get(key);
  }

  /**
   * Accepts a call, or joins it to the one in flight that has its key.
   * @throws {DuplicateKeyError} If that one has other arguments.
   * @throws {QueueFullError} If the call cannot wait.
   * @throws {CallCancelledError} If its signal is aborted already.
   */
  submit(request: CallRequest): PendingCall {
    const { signal, onProgress, key } = request.options;
    if (signal?.aborted === true) throw abortError({ key, method: request.method, started: false }, signal);
    const call = this.#join(request) ?? this.#accept(request);
    const stopListening = onProgress && call.progress.listen(onProgress);
    if (signal !== undefined) this.#leaveOn(signal, call, stopListening);
    return call;
  }

  /** A call was refused. */
  refused(method: string, error: unknown): void {
    this.#meter.refused();
    this.#options.diagnostics.refused(method, error);
  }

  /** The result for one of the callers, whose signal ends its own waiting and not that of the others. */
  resultFor(call: PendingCall, signal: AbortSignal): Promise<unknown> {
    return abandonable(call.result, signal, () => {
      // If this was the last caller, its signal has just settled the call.
      return call.settled ? undefined : abortError(call.details(), signal);
    });
  }

  /** Sends as many calls as there is room for. */
  dispatch(): void {
    while (this.#schedule.length > 0 && this.#sendNext());
    this.#admission.admit();
  }

  /**
   * Whether more waiting calls and batches could be sent now than there are places.
   * @param places Number of places, by index of the process.
   */
  exceeds(places: readonly number[]): boolean {
    return this.#schedule.exceeds(places);
  }

  /** No more calls will come, so no batch waits for one. */
  closing(): void {
    this.#schedule.close();
    this.dispatch();
  }

  /** Resolves when one more call can wait. */
  async room(): Promise<void> {
    await this.#admission.room();
  }

  /** Rejects all callers of `room`. */
  rejectRoom(error: () => Error): void {
    this.#admission.rejectAll(error);
  }

  started(call: PendingCall, now: number): void {
    if (call.settled) return;
    call.start(now);
    this.#positions.changed();
    call.limit(call.options.timeout, () => {
      const outcome = { state: 'failed', error: timeoutError(call) } as const;
      this.#giveUp(call, outcome, this.#options.options.killDelay.timeout);
    });
    this.#options.diagnostics.started(call);
  }

  answered(call: PendingCall, outcome: Outcome, { ms, now, size, complete }: RunInfo): void {
    this.#serviceTime.add(ms);
    this.#costPerCall.add(ms / size);
    if (outcome.state === 'succeeded') {
      this.#costs.succeeded(call.method, ms / size);
      if (complete) this.#schedule.ran(call.method, size, ms);
    }
    this.#settle(call, outcome, now);
    this.dispatch();
  }

  garbled(call: PendingCall, error: Error): void {
    this.#giveUp(call, { state: 'failed', error }, this.#options.options.killDelay.cancel);
  }

  dropped(): void {
    this.dispatch();
  }

  lost(lost: readonly LostCall[], exit: ProcessExit): void {
    const failed: PendingCall[] = [];
    const waiting: PendingCall[] = [];
    const again: PendingCall[] = [];
    this.#schedule.unbind(exit.index);
    const suspect = this.#suspect(lost, exit);
    for (const { call, started } of lost) {
      if (call.settled || call === suspect) continue;
      if (started && !call.repeatable) {
        failed.push(call);
        continue;
      }
      waiting.push(call);
      const ran = call.state === 'running';
      call.requeue(started);
      // A call that was only sent ahead has waited all the time, and its queueTimeout goes on.
      if (!ran) continue;
      this.#limitWaiting(call);
      again.push(call);
    }
    this.#schedule.putBack(waiting);
    this.#positions.changed();
    // Subscribers may submit calls. Those must stand behind the ones that were put back.
    for (const call of again) this.#options.diagnostics.queued(call);
    for (const call of failed) this.#settle(call, { state: 'failed', error: lostCallError(call, exit) });
    if (suspect !== undefined) this.#settle(suspect, { state: 'failed', error: suspectError(suspect, exit) });
    // Other processes may now take the calls that were bound to this one.
    this.dispatch();
  }

  /**
   * Settles every call with an error of its own, the running ones now and the others soon. Making an error takes a while,
   * so the event loop gets a turn after each slice of them.
   */
  async rejectAll(error: (call: PendingCall) => unknown): Promise<void> {
    const all = this.#pending.all;
    this.#schedule.clear();
    const isRunning = ({ state }: PendingCall): boolean => state === 'running';
    let sliceEnds = Infinity;
    for (const call of [...all.filter(isRunning), ...all.filter((one) => !isRunning(one))]) {
      if (!isRunning(call) && sliceEnds === Infinity) sliceEnds = performance.now() + SLICE;
      if (performance.now() >= sliceEnds) {
        await turnOfTheEventLoop();
        sliceEnds = performance.now() + SLICE;
      }
      if (this.#settle(call, { state: 'failed', error: error(call) })) this.#withdraw(call, 0);
    }
    this.dispatch();
  }

  /** Forgets the settled calls that `get` could find. */
  clear(): void {
    this.#registry.clear();
  }

  /** The call that has to go because it may have ended two processes before it started. */
  #suspect([first]: readonly LostCall[], { suspect }: ProcessExit): PendingCall | undefined {
    if (first === undefined || suspect === undefined) return undefined;
    first.call.suspicions += 1;
    return first.call.suspicions < MAX_SUSPICIONS ? undefined : first.call;
  }

  #join({ method, payload, options: { key }, chunks }: CallRequest): PendingCall | undefined {
    if (key === undefined) return undefined;
    const call = this.#registry.inFlight(key);
    if (call?.payload === undefined) return undefined;
    if (chunks !== undefined || call.streams) throw duplicateKeyError(call.method, 'stream', { key, method });
    if (!samePayload(call.payload, payload))
      throw duplicateKeyError(call.method, 'arguments', { key, method });
    call.callers += 1;
    return call;
  }

  #accept(request: CallRequest): PendingCall {
    const call = new PendingCall(request, this.#keeper);
    const process = this.#takerOf(call);
    if (process === undefined) this.#admission.check(call);
    this.#options.keepAlive.hold();
    this.#pending.add(call);
    this.#positions.changed();
    if (call.findable) this.#registry.add(call);
    if (process === undefined) this.#schedule.push(call);
    this.#limitWaiting(call);
    this.#meter.accepted();
    this.#options.diagnostics.queued(call);
    if (process === undefined) this.dispatch();
    else this.#send(process, [call], undefined);
    return call;
  }

  /** The process that can take the call at once; `undefined` if it has to wait, if only for the rest of its batch. */
  #takerOf({ method, chunks, options }: PendingCall): Worker | undefined {
    const { batch, processes } = this.#options.options;
    const batched = chunks === undefined && Object.hasOwn(batch, method);
    const bound = options.affinity !== undefined && processes.max > 1;
    // Subscribers may submit calls that must go after this one.
    if (this.#schedule.length > 0 || batched || bound || this.#options.diagnostics.tellsOfQueue)
      return undefined;
    return this.workers.leastBusy(this.#costs.expected(method));
  }

  #send(process: Worker, calls: readonly PendingCall[], batchMethod: string | undefined): void {
    for (const call of calls) call.sent();
    const [first] = calls;
    const expected = first && this.#costs.expected(first.method);
    process.calls.send({ calls, batchMethod, expected });
  }

  /** @returns false if there was nothing to send, or no process to send it to. */
  #sendNext(): boolean {
    for (const { process, room, takes } of this.workers.free()) {
      const departure = this.#schedule.next({ index: process.index, room, takes });
      if (departure === undefined) continue;
      const { batch } = departure;
      const verdicts = departure.calls.map((call) => ({ call, unfit: unfitness(call) }));
      const calls = verdicts.flatMap(({ call, unfit }) => (unfit === undefined ? [call] : []));
      if (calls.length > 0) {
        if (batch !== undefined) this.#batches.left(batch.of, calls.length, batch.reason);
        this.#send(process, calls, batch?.method);
      }
      // Only after the others were sent: subscribers may cancel calls, or reload.
      for (const { call, unfit } of verdicts) if (unfit !== undefined) this.#settle(call, unfit);
      return true;
    }
    return false;
  }

  #limitWaiting(call: PendingCall): void {
    const { queueTimeout } = call.options;
    if (queueTimeout === Infinity) return;
    call.waitsUntil = performance.now() + queueTimeout;
    call.limit(queueTimeout, () => {
      // If it was sent ahead, it may have started when the child learns of this.
      const outcome = { state: 'failed', error: queueTimeoutError(call) } as const;
      this.#giveUp(call, outcome, this.#options.options.killDelay.timeout);
    });
  }

  /** The signal of one caller. The call goes on while it has another caller. */
  #leaveOn(signal: AbortSignal, call: PendingCall, stopListening?: () => void): void {
    const leave = (): void => {
      stopListening?.();
      call.callers -= 1;
      if (call.callers > 0) return;
      const outcome = { state: 'cancelled', error: abortError(call.details(), signal) } as const;
      this.#giveUp(call, outcome, this.#options.options.killDelay.cancel);
    };
    call.onceSettled(onAbort(signal, leave));
  }

  /** Settles an unsettled call. A process that runs it may go on for `patience` ms. */
  #giveUp(call: PendingCall, outcome: Outcome, patience: number): void {
    if (call.settled) return;
    // First, because the pipeline may be computing in vain. Settling makes the stack of an error, which takes a while.
    this.#withdraw(call, patience);
    this.#settle(call, outcome);
    // The calls behind it may go now.
    this.dispatch();
  }

  #withdraw(call: PendingCall, patience: number): void {
    if (!this.#schedule.delete(call)) this.workers.abandon(call, patience);
  }

  #settle(call: PendingCall, outcome: Outcome, now = performance.now()): boolean {
    if (call.settled) return false;
    const error = outcome.state === 'succeeded' ? undefined : outcome.error;
    // First, so that listeners hear of it before its callers continue.
    this.#options.onSettled(call, error);
    call.settle(outcome, now);
    this.#pending.delete(call);
    this.#positions.changed();
    this.#registry.settled(call, (outcome.bytes ?? 0) + call.progressBytes);
    this.#options.keepAlive.release();
    this.#options.diagnostics.settled(call, error);
    if (this.#pending.size === 0) this.#options.onIdle();
    return true;
  }
}

/** The outcome of a call that can no longer be sent; `undefined` if it can. */
function unfitness(call: PendingCall): Outcome | undefined {
  const { payload, bytes, waitsUntil } = call;
  if (payload === undefined || payloadBytes(payload) !== bytes)
    return { state: 'failed', error: changedArgumentsError(call) };
  // Timers are late if this program is busy. A call that is too late for its caller does not start.
  const late = waitsUntil !== Infinity && performance.now() >= waitsUntil;
  return late ? { state: 'failed', error: queueTimeoutError(call) } : undefined;
}
