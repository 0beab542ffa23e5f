import { failureError, undecodableError } from '../call/call-errors.js';
import type { Outcome, PendingCall } from '../call/pending-call.js';
import { type Frame, type Payload, payloadBytes } from '../channel/frame.js';
import {
  creditFrame,
  encodeBatch,
  signalFrame,
  timeoutFrame,
  ToBroker,
  ToChild,
  traceFrame,
} from '../channel/messages.js';
import type { BrokerMemory } from '../channel/shared/broker-memory.js';
import { decodeFailure } from '../channel/untrusted.js';
import { decodeValue } from '../channel/values/codec.js';
import { UndecodableError } from '../channel/values/undecodable.js';
import { ProtocolError } from '../errors.js';
import { after } from '../timer.js';
import type { ProcessExit } from './exit.js';
import { InFlight, type Run, type SentCall } from './in-flight.js';

/** The calls that a process gets together. */
export interface Shipment {
  readonly calls: readonly PendingCall[];
  /** The method that runs them as a batch; `undefined` for a single call. */
  readonly batchMethod: string | undefined;
  /** How long each call is expected to run, in ms; `undefined` if that is not known. */
  readonly expected: number | undefined;
}

/** How an answered call ran. */
export interface RunInfo {
  /** How long, in ms. */
  readonly ms: number;
  /** When it was answered, by `performance.now()`. */
  readonly now: number;
  /** Number of calls that ran as one batch with it, itself included. */
  readonly size: number;
  /** Whether all of them have been answered now. */
  readonly complete: boolean;
}

/** A call that had no answer when its process ended. */
export interface LostCall {
  readonly call: PendingCall;
  /** Whether it may have run. */
  readonly started: boolean;
  /** Whether its message may have reached the process. If not, it had nothing to do with the end of the process. */
  readonly reached: boolean;
}

/** Learns what processes do with their calls. One listener serves all processes of a broker. */
export interface CallListener {
  /** @param now By `performance.now()`. */
  started(call: PendingCall, now: number): void;
  answered(call: PendingCall, outcome: Outcome, run: RunInfo): void;
  /** A value of the call cannot be decoded, so its caller gets the error. The process still runs the call. */
  garbled(call: PendingCall, error: Error): void;
  /** An abandoned call was dropped before it started, so the process has room for another. */
  dropped(): void;
  /** A process has ended. @param calls In the order in which they were sent. */
  lost(calls: readonly LostCall[], exit: ProcessExit): void;
}

/** The child, as seen by its calls. */
export interface Link {
  readonly pid: () => number | undefined;
  /** The memory that it shares with the broker, if there is any. */
  readonly memory: () => BrokerMemory | undefined;
  readonly send: (frame: Frame) => void;
  /** The number of the frame that was sent last. */
  readonly latestFrame: () => number;
  /** Whether the child may have got a frame. */
  readonly mayReach: (frame: number) => boolean;
  /** Tells the child of an abandoned call even if it blocks. The message must be sent too. */
  readonly flagAborted: (id: number) => void;
}

export interface ProcessCallsOptions {
  readonly concurrency: number;
  /** Most bytes of arguments that the process has at once. A single call may have more. */
  readonly maxQueueBytes: number;
  /** The timeout that the child knows from Init, in ms. */
  readonly timeout: number;
  readonly link: Link;
  readonly listener: Pick<CallListener, 'started' | 'answered' | 'garbled' | 'dropped'>;
  /** Called for each answer, before the listener. */
  readonly onAnswer: () => void;
  /** Called when no call is left. @param now By `performance.now()`. */
  readonly onNone: (now: number) => void;
  /** Called when an abandoned call has run for longer than it may. */
  readonly onOverdue: () => void;
}

/** Takes the place of a value that cannot be decoded. */
class Undecodable {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** The calls that one process has, from sending to answer. */
export class ProcessCalls {
  readonly inFlight: InFlight;
  readonly #options: ProcessCallsOptions;
  #answered = 0;
  /** Set once the child has said that it starts no further call: the ids of the running ones. */
  #halted: ReadonlySet<number> | undefined;
  readonly #whenNone: (() => void)[] = [];

  constructor(options: ProcessCallsOptions) {
    this.#options = options;
    this.inFlight = new InFlight(options.concurrency, options.maxQueueBytes);
  }

  /** Number of calls that were answered. */
  get answered(): number {
    return this.#answered;
  }

  send({ calls, batchMethod, expected }: Shipment): void {
    const sent = this.inFlight.add(calls, expected);
    for (const { id, call } of sent) this.#sendCall(id, call, batchMethod !== undefined);
    if (batchMethod !== undefined) {
      const payload = encodeBatch({ method: batchMethod, members: sent.map(({ id }) => id) });
      this.#options.link.send({ type: ToChild.Batch, id: this.inFlight.newId(), attempt: 0, payload });
    }
    const frame = this.#options.link.latestFrame();
    for (const one of sent) one.frame = frame;
    this.#startNext(performance.now());
  }

  /** The last caller has left: the call may go on for `patience` ms. @returns false if the process has no such call. */
  abandon(call: PendingCall, patience: number): boolean {
    const sent = this.inFlight.find(call);
    if (sent === undefined) return false;
    this.#options.link.send(signalFrame(ToChild.Abort, sent.id));
    this.#options.link.flagAborted(sent.id);
    sent.patience = patience;
    this.#watchAbandoned(sent.run);
    return true;
  }

  /** Calls `run` when no call is left. */
  onceNone(run: () => void): void {
    if (this.inFlight.size === 0) run();
    else this.#whenNone.push(run);
  }

  /** The child starts no further call. @param running Ids of the running ones. */
  halted(running: ReadonlySet<number>): void {
    this.#halted ??= running;
  }

  /** The process is gone. @returns The calls without an answer, in the order in which they were sent. */
  takeLost(reason: ProcessExit['reason']): LostCall[] {
    return this.inFlight.takeAll().map(({ id, call, frame, startedAt }) => {
      if (!this.#options.link.mayReach(frame)) return { call, started: false, reached: false };
      // A process that broke the protocol proves nothing, not even that a call has not started.
      if (reason === 'protocol') return { call, started: true, reached: true };
      return { call, started: this.#halted?.has(id) ?? startedAt !== undefined, reached: true };
    });
  }

  /** Handles a message about a call. @throws {ProtocolError} If the child may not send it now. */
  take({ type, id, payload }: Frame): void {
    switch (type) {
      case ToBroker.Result: {
        const sent = this.#running(id);
        const bytes = payloadBytes(payload);
        const value = this.#decode('result', sent, decodeValue, payload);
        if (value instanceof Undecodable) this.#answer(sent, { state: 'failed', error: value.error, bytes });
        else this.#answer(sent, { state: 'succeeded', value, bytes });
        break;
      }
      case ToBroker.Failure: {
        const sent = this.#running(id);
        const bytes = payloadBytes(payload);
        const failure = this.#decode('error', sent, decodeFailure, payload);
        if (failure instanceof Undecodable) {
          this.#answer(sent, { state: 'failed', error: failure.error, bytes });
          break;
        }
        const error = failureError(failure, sent.call, this.#options.link.pid());
        const yields = failure.kind === 'yields';
        this.#answer(sent, { state: 'failed', error, bytes, yields });
        break;
      }
      case ToBroker.Progress: {
        const sent = this.#running(id);
        const value = this.#decode('progress', sent, decodeValue, payload);
        if (value instanceof Undecodable) this.#options.listener.garbled(sent.call, value.error);
        else sent.call.progress.report(value, payloadBytes(payload));
        break;
      }
      case ToBroker.Chunk: {
        const sent = this.#running(id);
        if (!sent.call.streams)
          throw new ProtocolError('the child sent a chunk for a call that is no stream');
        const value = this.#decode('chunk', sent, decodeValue, payload);
        if (value instanceof Undecodable) this.#options.listener.garbled(sent.call, value.error);
        else sent.call.chunks?.push(value, payloadBytes(payload));
        break;
      }
      case ToBroker.Dropped: {
        const sent = this.inFlight.get(id);
        if (sent?.call.settled !== true)
          throw new ProtocolError('the child dropped a call that was not aborted');
        sent.run.size -= 1;
        this.#release(sent, performance.now());
        this.#options.listener.dropped();
        break;
      }
      default:
        throw new ProtocolError(`the child sent a message of unknown type ${type}`);
    }
  }

  /** Only the call is affected if V8 cannot decode its value. @throws {ProtocolError} If the message is malformed. */
  #decode<T>(
    what: string,
    { call }: SentCall,
    decode: (payload: Payload) => T,
    payload: Payload,
  ): T | Undecodable {
    try {
      return decode(payload);
    } catch (error) {
      if (!(error instanceof UndecodableError)) throw error;
      return new Undecodable(undecodableError(what, call, this.#options.link.pid(), error));
    }
  }

  #sendCall(
    id: number,
    { payload, attempt, traceparent, streams, chunks, options }: PendingCall,
    isMember: boolean,
  ): void {
    if (payload === undefined) return;
    const { link, timeout } = this.#options;
    if (options.timeout !== timeout) link.send(timeoutFrame(id, options.timeout));
    if (traceparent !== undefined) link.send(traceFrame(id, traceparent));
    const alone = streams ? ToChild.Stream : ToChild.Call;
    const frame = { type: isMember ? ToChild.Member : alone, id, attempt, payload };
    link.send(link.memory()?.place(frame) ?? frame);
    chunks?.connect((count) => {
      link.send(creditFrame(id, count));
    });
  }

  /** The child may only send messages about calls that may have started. */
  #running(id: number): SentCall {
    const sent = this.inFlight.get(id);
    if (sent?.startedAt !== undefined) return sent;
    throw new ProtocolError(`the child sent a message about call ${id}, which it is not running`);
  }

  #answer(sent: SentCall, outcome: Outcome): void {
    const now = performance.now();
    this.#answered += 1;
    this.#release(sent, now);
    const { call, run, startedAt = now } = sent;
    const ms = now - startedAt;
    const complete = run.left === 0;
    this.#options.onAnswer();
    this.#options.listener.answered(call, outcome, { ms, now, size: run.size, complete });
  }

  /** The process is done with the call. */
  #release(sent: SentCall, now: number): void {
    this.inFlight.delete(sent);
    this.#options.link.memory()?.release(sent.id);
    this.#startNext(now);
    if (this.inFlight.size > 0) return;
    this.#options.onNone(now);
    if (this.#whenNone.length > 0) for (const run of this.#whenNone.splice(0)) run();
  }

  #startNext(now: number): void {
    const next = this.#halted === undefined ? this.inFlight.startNext() : undefined;
    if (next === undefined) return;
    for (const sent of next.calls) sent.startedAt = now;
    this.#watchAbandoned(next);
    for (const { call } of next.calls) this.#options.listener.started(call, now);
  }

  /**
   * Starts the kill timer of a run if it has started and all of its calls are abandoned. Not before it starts: the run
   * ahead of it may need its time.
   */
  #watchAbandoned(run: Run): void {
    let patience = 0;
    for (const sent of run.calls) {
      if (this.inFlight.get(sent.id) !== sent) continue;
      if (sent.patience === undefined || sent.startedAt === undefined) return;
      patience = Math.max(patience, sent.patience);
    }
    run.overdue = after(patience, this.#options.onOverdue);
  }
}
