import { abandonable } from './call/abandonable.js';
import { onAbort } from './call/abort.js';
import { type CallKeeper, type CallRequest, type Outcome, PendingCall } from './call/call.js';
import { abortError, goneError, queueTimeoutOf } from './call/call-errors.js';
import { CallRegistry } from './call/call-registry.js';
import { PendingCalls } from './call/pending-calls.js';
import { payloadBytes } from './channel/frame.js';
import { samePayload } from './channel/same-payload.js';
import { CallTimeoutError, DuplicateKeyError } from './errors.js';
import { BatchMeter, type BatchStats } from './observe/batch-meter.js';
import { CallMeter, type CallStats } from './observe/call-meter.js';
import type { Diagnostics } from './observe/diagnostics.js';
import type { ResolvedOptions } from './options/resolve.js';
import { lostCallError, type ProcessExit } from './process/exit.js';
import type { Pool } from './process/pool.js';
import type { LostCall, RunInfo } from './process/process-stats.js';
import type { Supervisor } from './process/supervisor.js';
import { Admission } from './queue/admission.js';
import { Schedule } from './queue/schedule.js';
import { ServiceTime } from './queue/service-time.js';
import type { KeepAlive } from './timer.js';

export interface DispatcherOptions {
  readonly options: ResolvedOptions;
  readonly pool: Pick<Pool, 'free' | 'leastBusy' | 'abandon'>;
  readonly keepAlive: KeepAlive;
  readonly diagnostics: Diagnostics;
  /** Called when no call is left. */
  readonly onIdle: () => void;
}

/** Sees every call from its acceptance to its one and only end. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #schedule: Schedule;
  readonly #batches = new BatchMeter();
  readonly #registry: CallRegistry;
  readonly #serviceTime = new ServiceTime();
  readonly #meter = new CallMeter();
  /** The same, shared among the calls of a batch. */
  readonly #costPerCall = new ServiceTime();
  readonly #admission: Admission;
  /** Accepted and not yet settled. */
  readonly #pending = new PendingCalls();
  readonly #keeper: CallKeeper;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { processes, batch, keySeries, killDelay } = options.options;
    this.#keeper = {
      meter: this.#meter,
      keySeries,
      onCancel: (call, error) => {
        this.#giveUp(call, { state: 'cancelled', error }, killDelay.cancel);
      },
    };
    this.#schedule = new Schedule({
      processes,
      batch,
      onReady: () => {
        this.dispatch();
      },
    });
    this.#admission = new Admission({
      options: options.options,
      schedule: this.#schedule,
      costPerCall: () => this.#costPerCall.mean,
      isFree: () => options.pool.leastBusy(this.#serviceTime.mean) !== undefined,
    });
    this.#registry = new CallRegistry(options.options.keep);
  }

  /** Calls accepted and not yet settled. */
  get pending(): number {
    return this.#pending.size;
  }

  get queue(): { readonly length: number; readonly bytes: number } {
    const { length, bytes } = this.#schedule;
    return { length, bytes };
  }

  /** Mean time that calls run, in ms. */
  get serviceTime(): number | undefined {
    return this.#serviceTime.mean;
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
   * Takes a call, or joins it to the one in flight that it repeats.
   * @throws DuplicateKeyError, QueueFullError; CallCancelledError where its signal is aborted already.
   */
  submit(request: CallRequest): PendingCall {
    const { signal, onProgress, key } = request.options;
    if (signal?.aborted === true) throw abortError({ key, method: request.method, started: false }, signal);
    const call = this.#join(request) ?? this.#accept(request);
    const stopListening = onProgress && call.progress.listen(onProgress);
    if (signal !== undefined) this.#leaveOn(signal, call, stopListening);
    return call;
  }

  /** A call was not taken. */
  refused(method: string, error: unknown): void {
    this.#meter.refused();
    this.#options.diagnostics.refused(method, error);
  }

  /** The result as one of the callers gets it: their signal ends their waiting, not that of the others. */
  resultFor(call: PendingCall, signal: AbortSignal): Promise<unknown> {
    return abandonable(call.result, signal, () => {
      // Settled just now, by this very signal where this was the last caller.
      return call.settled ? undefined : abortError(call.details(), signal);
    });
  }

  /** Sends what there is room for. */
  dispatch(): void {
    while (this.#schedule.length > 0 && this.#sendNext());
    this.#admission.admit();
  }

  /** No more calls will come: those that wait for others, to make a batch, go. */
  closing(): void {
    this.#schedule.close();
    this.dispatch();
  }

  /** Resolves when one more call can wait. */
  async room(): Promise<void> {
    await this.#admission.room();
  }

  /** Tells all who wait for room that there will be none. */
  rejectRoom(error: () => Error): void {
    this.#admission.rejectAll(error);
  }

  /** A process has begun to run the call. */
  started(call: PendingCall, now: number): void {
    if (call.settled) return;
    call.start(now);
    const { timeout } = call.options;
    call.limit(timeout, () => {
      const error = new CallTimeoutError(
        'running',
        `call ${call.name} ran longer than its timeout (${timeout} ms)`,
        call.details(),
      );
      this.#giveUp(call, { state: 'failed', error }, this.#options.options.killDelay.timeout);
    });
    this.#options.diagnostics.started(call);
  }

  /** A process has answered the call. */
  answered(call: PendingCall, outcome: Outcome, { ms, now, size, complete }: RunInfo): void {
    this.#serviceTime.add(ms);
    this.#costPerCall.add(ms / size);
    if (complete && outcome.state === 'succeeded') this.#schedule.ran(call.method, size, ms);
    this.#settle(call, outcome, now);
    this.dispatch();
  }

  /** A process has ended with these calls unanswered, in the order they were sent. */
  lost(lost: readonly LostCall[], exit: ProcessExit): void {
    const failed: PendingCall[] = [];
    const waiting: PendingCall[] = [];
    const again: PendingCall[] = [];
    this.#schedule.unbind(exit.index);
    for (const { call, started } of lost) {
      if (call.settled) continue;
      if (started && !call.repeatable) {
        failed.push(call);
        continue;
      }
      waiting.push(call);
      const ran = call.state === 'running';
      call.requeue(started);
      // One that was sent ahead still waits, and its time for that goes on.
      if (!ran) continue;
      this.#limitWaiting(call);
      again.push(call);
    }
    this.#schedule.putBack(waiting);
    // Those who are told of it may submit calls; these are to stand behind the ones that were put back.
    for (const call of again) this.#options.diagnostics.queued(call);
    for (const call of failed) this.#settle(call, { state: 'failed', error: lostCallError(call, exit) });
    // What only this process could have run may go to the others now.
    this.dispatch();
  }

  /** Settles every call with an error of its own. */
  rejectAll(error: (call: PendingCall) => unknown): void {
    for (const call of this.#pending.all) {
      if (this.#settle(call, { state: 'failed', error: error(call) })) this.#withdraw(call, 0);
    }
    this.dispatch();
  }

  /** Forgets the calls that were kept for `get`. */
  clear(): void {
    this.#registry.clear();
  }

  #join({ method, payload, options: { key }, chunks }: CallRequest): PendingCall | undefined {
    if (key === undefined) return undefined;
    const call = this.#registry.inFlight(key);
    if (call?.payload === undefined) return undefined;
    if (chunks !== undefined || call.streams) {
      const message = `a call of ${call.method} with the key ${JSON.stringify(key)} is in flight; a stream has one reader, and cannot be joined`;
      throw new DuplicateKeyError(message, { key, method });
    }
    if (!samePayload(call.payload, payload)) {
      const message = `a call of ${call.method} with the key ${JSON.stringify(key)} is in flight, with other arguments`;
      throw new DuplicateKeyError(message, { key, method });
    }
    call.callers += 1;
    return call;
  }

  #accept(request: CallRequest): PendingCall {
    const call = new PendingCall(request, this.#keeper);
    const process = this.#takerOf(call);
    if (process === undefined) this.#admission.check(call);
    this.#options.keepAlive.hold();
    this.#pending.add(call);
    if (call.findable) this.#registry.add(call);
    if (process === undefined) this.#schedule.push(call);
    this.#limitWaiting(call);
    this.#meter.accepted();
    this.#options.diagnostics.queued(call);
    if (process === undefined) this.dispatch();
    else this.#send(process, [call], undefined);
    return call;
  }

  /** The process that can have the call at once; `undefined` where it has to wait, be it for others of its batch. */
  #takerOf({ method, chunks, options }: PendingCall): Supervisor | undefined {
    const { batch, processes } = this.#options.options;
    const batched = chunks === undefined && Object.hasOwn(batch, method);
    const bound = options.affinity !== undefined && processes > 1;
    // Those who listen may submit calls that are to go after this one.
    if (this.#schedule.length > 0 || batched || bound || this.#options.diagnostics.tellsOfQueue)
      return undefined;
    return this.#options.pool.leastBusy(this.#serviceTime.mean);
  }

  #send(process: Supervisor, calls: readonly PendingCall[], batchMethod: string | undefined): void {
    for (const call of calls) call.sent();
    process.send({ calls, batchMethod });
  }

  /** @returns Whether there was anything to send, and a process to send it to. */
  #sendNext(): boolean {
    for (const { process, ...taker } of this.#options.pool.free(this.#serviceTime.mean)) {
      const departure = this.#schedule.next(taker);
      if (departure === undefined) continue;
      const { batch } = departure;
      const verdicts = departure.calls.map((call) => ({ call, unfit: unfitness(call) }));
      const calls = verdicts.flatMap(({ call, unfit }) => (unfit === undefined ? [call] : []));
      if (calls.length > 0) {
        if (batch !== undefined) this.#batches.left(batch.of, calls.length, batch.reason);
        this.#send(process, calls, batch?.method);
      }
      // Those who are told of it may cancel others, or reload: what was to be sent has been.
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
      // It may have been sent ahead, and have started by the time the child learns of this.
      this.#giveUp(call, queueTimeoutOf(call), this.#options.options.killDelay.timeout);
    });
  }

  /** One caller's signal: the call goes on while it has another caller. */
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

  /** Settles a call that waits or runs; a process that runs it may go on with it for `patience` ms. */
  #giveUp(call: PendingCall, outcome: Outcome, patience: number): void {
    if (!this.#settle(call, outcome)) return;
    this.#withdraw(call, patience);
    // What waits behind it may go now.
    this.dispatch();
  }

  #withdraw(call: PendingCall, patience: number): void {
    if (!this.#schedule.delete(call)) this.#options.pool.abandon(call, patience);
  }

  #settle(call: PendingCall, outcome: Outcome, now = performance.now()): boolean {
    if (!call.settle(outcome, now)) return false;
    this.#pending.delete(call);
    this.#registry.settled(call, (outcome.bytes ?? 0) + call.progressBytes);
    this.#options.keepAlive.release();
    this.#options.diagnostics.settled(call, outcome.state === 'succeeded' ? undefined : outcome.error);
    if (this.#pending.size === 0) this.#options.onIdle();
    return true;
  }
}

/** How a call ends that cannot be sent; `undefined` where it can. */
function unfitness(call: PendingCall): Outcome | undefined {
  const { payload, bytes, waitsUntil } = call;
  if (payload === undefined || payloadBytes(payload) !== bytes)
    return { state: 'failed', error: goneError(call) };
  // Timers may be late where this program is busy: what comes too late for its caller is not started.
  const late = waitsUntil !== Infinity && performance.now() >= waitsUntil;
  return late ? queueTimeoutOf(call) : undefined;
}
