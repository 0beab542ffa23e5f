import type { Outcome, PendingCall } from '../call/call.js';
import { type Frame, payloadBytes } from '../channel/frame.js';
import {
  creditFrame,
  decodeFailure,
  encodeBatch,
  signalFrame,
  ToBroker,
  ToChild,
  traceFrame,
} from '../channel/messages.js';
import type { BrokerMemory } from '../channel/shared/broker-memory.js';
import { decodeValue } from '../channel/values/codec.js';
import { ProtocolError } from '../errors.js';
import { after } from '../timer.js';
import type { ProcessExit } from './exit.js';
import { failureError } from './failure.js';
import { InFlight, type Run, type SentCall } from './in-flight.js';
import type { LostCall, ProcessListener, Shipment } from './process-stats.js';

/** The child, as far as its calls are concerned. */
export interface Link {
  readonly pid: () => number | undefined;
  /** That it shares; `undefined` where it shares none. */
  readonly memory: () => BrokerMemory | undefined;
  readonly send: (frame: Frame) => void;
}

export interface ProcessCallsOptions {
  readonly concurrency: number;
  readonly link: Link;
  readonly listener: Pick<ProcessListener, 'started' | 'answered' | 'dropped'>;
  /** Called when what nobody waits for any more has run for longer than it may. */
  readonly onOverdue: () => void;
}

/** The calls that one process has, from when they are sent to it to when it is done with them. */
export class ProcessCalls {
  readonly #options: ProcessCallsOptions;
  readonly #inFlight: InFlight;
  #answered = 0;
  /** Set once the child has said that it starts no call any more: the ids of those that run. */
  #halted: ReadonlySet<number> | undefined;
  readonly #whenNone: (() => void)[] = [];

  constructor(options: ProcessCallsOptions) {
    this.#options = options;
    this.#inFlight = new InFlight(options.concurrency);
  }

  /** How many there are. */
  get size(): number {
    return this.#inFlight.size;
  }

  /** How many calls it has answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Whether one more call, or batch, should be sent. @param meanServiceTime How long calls run, in ms. */
  hasRoom(meanServiceTime: number | undefined): boolean {
    return this.#inFlight.hasRoom(meanServiceTime);
  }

  send({ calls, batchMethod }: Shipment): void {
    const sent = this.#inFlight.add(calls);
    for (const { id, call } of sent) this.#sendCall(id, call, batchMethod !== undefined);
    if (batchMethod !== undefined) {
      const payload = encodeBatch({ method: batchMethod, members: sent.map(({ id }) => id) });
      this.#options.link.send({ type: ToChild.Batch, id: this.#inFlight.newId(), attempt: 0, payload });
    }
    this.#startNext(performance.now());
  }

  /** Nobody waits for the call any more: it may go on for `patience` ms. @returns false where it is not here. */
  abandon(call: PendingCall, patience: number): boolean {
    const sent = this.#inFlight.find(call);
    if (sent === undefined) return false;
    this.#options.link.send(signalFrame(ToChild.Abort, sent.id));
    sent.patience = patience;
    this.#watchAbandoned(sent.run);
    return true;
  }

  /** Calls `run` when there are none. */
  onceNone(run: () => void): void {
    if (this.#inFlight.size === 0) run();
    else this.#whenNone.push(run);
  }

  /** The child starts none any more. @param running The ids of those that run. */
  halted(running: ReadonlySet<number>): void {
    this.#halted ??= running;
  }

  /** The process is gone: what it has not answered, in the order it was sent. */
  takeLost(reason: ProcessExit['reason']): LostCall[] {
    return this.#inFlight.takeAll().map(({ id, call, startedAt }) => {
      // What a process said that broke the protocol proves nothing, not even that a call has not started.
      if (reason === 'protocol') return { call, started: true };
      return { call, started: this.#halted?.has(id) ?? startedAt !== undefined };
    });
  }

  /** Takes what the child says of a call. @throws ProtocolError where it cannot say that. */
  take({ type, id, payload }: Frame): void {
    switch (type) {
      case ToBroker.Result: {
        const sent = this.#running(id);
        this.#answer(sent, { state: 'succeeded', value: decodeValue(payload), bytes: payloadBytes(payload) });
        break;
      }
      case ToBroker.Failure: {
        const sent = this.#running(id);
        const error = failureError(decodeFailure(payload), sent.call, this.#options.link.pid());
        this.#answer(sent, { state: 'failed', error, bytes: payloadBytes(payload) });
        break;
      }
      case ToBroker.Progress:
        this.#running(id).call.progress.report(decodeValue(payload), payloadBytes(payload));
        break;
      case ToBroker.Chunk: {
        const { streams, chunks } = this.#running(id).call;
        if (!streams) throw new ProtocolError('the child yields for a call that is no stream');
        chunks?.push(decodeValue(payload), payloadBytes(payload));
        break;
      }
      case ToBroker.Dropped: {
        const sent = this.#inFlight.get(id);
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

  #sendCall(
    id: number,
    { payload, attempt, traceparent, streams, chunks }: PendingCall,
    isMember: boolean,
  ): void {
    if (payload === undefined) return;
    const { link } = this.#options;
    if (traceparent !== undefined) link.send(traceFrame(id, traceparent));
    const alone = streams ? ToChild.Stream : ToChild.Call;
    const frame = { type: isMember ? ToChild.Member : alone, id, attempt, payload };
    link.send(link.memory()?.place(frame) ?? frame);
    chunks?.connect((count) => {
      link.send(creditFrame(id, count));
    });
  }

  /** Only what may have started can be spoken of. */
  #running(id: number): SentCall {
    const sent = this.#inFlight.get(id);
    if (sent?.startedAt !== undefined) return sent;
    throw new ProtocolError(`the child spoke of call ${id}, which it is not running`);
  }

  #answer(sent: SentCall, outcome: Outcome): void {
    const now = performance.now();
    this.#answered += 1;
    this.#release(sent, now);
    const { call, run, startedAt = now } = sent;
    const ms = now - startedAt;
    const complete = run.left === 0;
    this.#options.listener.answered(call, outcome, { ms, now, size: run.size, complete });
  }

  /** The process is done with the call. */
  #release(sent: SentCall, now: number): void {
    this.#inFlight.delete(sent);
    this.#options.link.memory()?.release(sent.id);
    this.#startNext(now);
    if (this.#whenNone.length > 0 && this.#inFlight.size === 0)
      for (const run of this.#whenNone.splice(0)) run();
  }

  #startNext(now: number): void {
    const next = this.#halted === undefined ? this.#inFlight.startNext() : undefined;
    if (next === undefined) return;
    for (const sent of next.calls) sent.startedAt = now;
    this.#watchAbandoned(next);
    for (const { call } of next.calls) this.#options.listener.started(call, now);
  }

  /**
   * The time starts when the call does: the one that runs before it may be well worth its time. A batch goes on while
   * anybody waits for one of its calls.
   */
  #watchAbandoned(run: Run): void {
    let patience = 0;
    for (const sent of run.calls) {
      if (this.#inFlight.get(sent.id) !== sent) continue;
      if (sent.patience === undefined || sent.startedAt === undefined) return;
      patience = Math.max(patience, sent.patience);
    }
    run.overdue = after(patience, this.#options.onOverdue);
  }
}
